import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { NodeSignatureVerifier } from '../../../../plugins/crypto-node/signatures.ts';

const SCHEME = { kind: 'ecdsa', hash: 'sha256', encoding: 'raw' } as const;

test('a crowd of cheap signatures does not keep the event loop from its turn', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const verifier = new NodeSignatureVerifier();
  const key = verifier.publicKey(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })));
  if (key === undefined) throw new Error('no key');
  const message = new Uint8Array(100);
  const signature = new Uint8Array(
    sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  );
  let turns = 0;
  let done = false;
  const count = (): void => {
    turns++;
    if (!done) setImmediate(count);
  };
  setImmediate(count);
  const before = turns;
  for (let i = 0; i < 8; i++)
    expect(await verifier.verify(key, SCHEME, message, signature)).toBe(true);
  expect(turns).toBe(before); // eight of them are quicker than a thread
  for (let i = 0; i < 64; i++) await verifier.verify(key, SCHEME, message, signature);
  done = true;
  expect(turns).toBeGreaterThanOrEqual(7);
});
