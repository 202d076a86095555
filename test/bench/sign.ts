import type { PrivateKeys, SignatureScheme } from '../../daemon/contracts/signatures.ts';
import { InProcessKeys } from '../../daemon/keyd/in-process.ts';
import { NodeSignatureVerifier } from '../../plugins/crypto-node/signatures.ts';
import { KeyBench } from '../support/key-process.ts';
import { keyPair, pkcs8Of, type TestKeyKind } from '../support/private-keys.ts';
import { cpuMicros } from './usage.ts';

/**
 * CPU microseconds of one signature, all threads of all processes, in the daemon and by the key process, one at a time and 32 at once; and of one verification. Arguments:
 * [operations].
 */

const operations = Number(process.argv[2] ?? 2000);
const message = new Uint8Array(500).fill(7);
const KEYS: readonly (readonly [TestKeyKind, SignatureScheme])[] = [
  ['rsa2048', { kind: 'rsa-pkcs1', hash: 'sha256' }],
  ['rsa2048', { kind: 'rsa-pss', hash: 'sha256', saltOctets: 32 }],
  ['p256', { kind: 'ecdsa', hash: 'sha256', encoding: 'raw' }],
  ['p384', { kind: 'ecdsa', hash: 'sha384', encoding: 'raw' }],
  ['ed25519', { kind: 'ed25519' }],
];

/** Runs `action` so often, so many at once; CPU microseconds of each. */
async function cost(parallel: number, action: () => Promise<unknown>): Promise<number> {
  const rounds = Math.ceil(operations / parallel);
  const round = (): Promise<unknown> => Promise.all(Array.from({ length: parallel }, action));
  for (let n = 0; n < rounds / 4; n++) await round();
  const before = cpuMicros(process.pid);
  for (let n = 0; n < rounds; n++) await round();
  return (cpuMicros(process.pid) - before) / (rounds * parallel);
}

const signatures = new NodeSignatureVerifier();
await using own = new InProcessKeys(signatures);
await using bench = new KeyBench();
const rows: Record<string, Record<string, number>> = {};
for (const [kind, scheme] of KEYS) {
  const { privateKey } = keyPair(kind);
  const row: Record<string, number> = {};
  const keepers: readonly (readonly [string, PrivateKeys])[] = [
    ['in the daemon', own],
    ['key process', bench.keys],
  ];
  for (const [name, keys] of keepers) {
    const loaded = await keys.load({ data: pkcs8Of(privateKey), origin: 'vici' });
    if (!loaded.ok) throw new Error(loaded.reason);
    const { publicKey } = loaded.key;
    for (const parallel of [1, 32]) {
      const sign = (): Promise<unknown> => keys.sign(publicKey.keyId, scheme, message);
      row[`${name}, ${parallel} at once`] = Math.round(await cost(parallel, sign));
    }
    if (keys !== own) continue;
    const signature = await keys.sign(publicKey.keyId, scheme, message);
    for (const parallel of [1, 32]) {
      const verify = async (): Promise<unknown> =>
        signatures.verify(publicKey, scheme, message, signature);
      row[`verify, ${parallel} at once`] = Math.round(await cost(parallel, verify));
    }
  }
  rows[`${kind} ${scheme.kind}`] = row;
}
console.table(rows);
