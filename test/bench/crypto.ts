import type { CryptoProvider } from '../../daemon/contracts/plugin.ts';
import { createCrypto } from '../../daemon/crypto/registry.ts';
import { EncryptionId, IntegrityId, KeMethod, PrfId } from '../../daemon/proto/iana/transforms.ts';
import { loadLibcrypto } from '../../native/libcrypto.ts';
import { libcryptoProvider } from '../../plugins/crypto-libcrypto/provider.ts';
import { nobleCryptoProvider } from '../../plugins/crypto-noble/provider.ts';
import { nodeCryptoProvider } from '../../plugins/crypto-node/provider.ts';

/**
 * CPU time of every operation of an exchange by each provider of cryptography, through the contract, garbage collection
 * included. Argument: milliseconds for each figure.
 */

const millis = Number(process.argv[2] ?? 300);
const key = (octets: number): Uint8Array => new Uint8Array(octets).fill(7);
const NONCE = key(12);
const AAD = key(32);
const MESSAGE = key(300);

type Operation = (provider: CryptoProvider) => (() => void) | undefined;

const prf =
  (id: number, run: (prf: CryptoProvider['prfs'][number]) => void): Operation =>
  ({ prfs }) => {
    const found = prfs.find((one) => one.id === id);
    return found && (() => run(found));
  };

const aead =
  (id: number, keyBits: number, opens: boolean): Operation =>
  ({ aeads }) => {
    const context = aeads
      .find((one) => one.id === id && one.keyBits === keyBits)
      ?.create(key(keyBits / 8));
    const sealed = context?.seal(NONCE, AAD, MESSAGE) ?? MESSAGE;
    return (
      context &&
      (opens ? () => context.open(NONCE, AAD, sealed) : () => context.seal(NONCE, AAD, MESSAGE))
    );
  };

const exchange =
  (id: number, responds: boolean): Operation =>
  (provider) => {
    // A provider may have the responder's half alone.
    const method = createCrypto([provider, nodeCryptoProvider()]).keyExchange(id);
    const { keyExchanges, responders = [] } = provider;
    if (![...keyExchanges, ...(responds ? responders : [])].some((one) => one.id === id))
      return undefined;
    const peer = method?.initiate().publicValue ?? MESSAGE;
    const answer = method?.respond(peer).publicValue ?? MESSAGE;
    return (
      method && (responds ? () => method.respond(peer) : () => method.initiate().secret(answer))
    );
  };

const cbc: Operation = ({ ciphers, macs }) => {
  const cipher = ciphers.find((one) => one.keyBits === 128)?.create(key(16));
  const mac = macs.find((one) => one.id === IntegrityId.HMAC_SHA2_256_128)?.create(key(32));
  const text = key(304);
  const iv = key(16);
  return cipher && mac && (() => mac.sign(AAD, iv, cipher.encrypt(iv, text)));
};

const OPERATIONS: readonly (readonly [name: string, operation: Operation])[] = [
  ['X25519, responder', exchange(KeMethod.CURVE_25519, true)],
  ['X25519, initiator', exchange(KeMethod.CURVE_25519, false)],
  ['X448, responder', exchange(KeMethod.CURVE_448, true)],
  ['ECP_256, responder', exchange(KeMethod.ECP_256, true)],
  ['ECP_384, responder', exchange(KeMethod.ECP_384, true)],
  ['ECP_521, responder', exchange(KeMethod.ECP_521, true)],
  ['MODP_2048, responder', exchange(KeMethod.MODP_2048, true)],
  ['MODP_3072, responder', exchange(KeMethod.MODP_3072, true)],
  ['MODP_4096, responder', exchange(KeMethod.MODP_4096, true)],
  ['ML-KEM-768, responder', exchange(KeMethod.ML_KEM_768, true)],
  ['ML-KEM-768, initiator', exchange(KeMethod.ML_KEM_768, false)],
  ['HMAC-SHA256, 64 octets', prf(PrfId.PRF_HMAC_SHA2_256, (one) => one.compute(AAD, key(64)))],
  ['HMAC-SHA256, 300 octets', prf(PrfId.PRF_HMAC_SHA2_256, (one) => one.compute(AAD, MESSAGE))],
  ['prf+, 168 octets', prf(PrfId.PRF_HMAC_SHA2_256, (one) => one.expand(AAD, key(80), 168))],
  ['SHA-1, 32 octets', ({ hashes }) => hashes.sha1 && (() => hashes.sha1?.(AAD))],
  ['AES-128-GCM seal, 300 octets', aead(EncryptionId.AES_GCM_16, 128, false)],
  ['AES-128-GCM open, 300 octets', aead(EncryptionId.AES_GCM_16, 128, true)],
  ['ChaCha20-Poly1305 seal, 300 octets', aead(EncryptionId.CHACHA20_POLY1305, 256, false)],
  ['AES-128-CBC and HMAC-SHA256, 304 octets', cbc],
];

const providers = [libcryptoProvider(loadLibcrypto()), nodeCryptoProvider(), nobleCryptoProvider()];

console.log(`| | ${providers.map(({ name }) => name).join(' | ')} |`);
console.log(`| --- |${' --- |'.repeat(providers.length)}`);
for (const [name, operation] of OPERATIONS) {
  const figures = providers.map((provider) => {
    const run = operation(provider);
    return run === undefined ? '-' : cpuMicrosOf(run);
  });
  console.log(`| ${name} | ${figures.join(' | ')} |`);
}

/** All threads of this process, as it collects garbage beside. */
function cpuMicrosOf(run: () => void): string {
  let batch = 1;
  for (let spent = 0; spent < millis * 250; batch *= 2) spent = cpuOf(run, batch);
  const micros = cpuOf(run, batch * 2) / (batch * 2);
  return micros.toFixed(micros < 10 ? 2 : 0);
}

function cpuOf(run: () => void, times: number): number {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
