import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { mixPpk } from '../../../daemon/crypto/ppk.ts';
import { Secret } from '../../../daemon/util/secret.ts';
import { nodePrfs } from '../../../plugins/crypto-node/prf.ts';

const octets = (first: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (first + index) & 0xff);

const HASHES = [
  [5, 'sha256', 32],
  [6, 'sha384', 48],
  [7, 'sha512', 64],
] as const;

// RFC 8784 section 3 with prf+ of RFC 7296 section 2.13, whose first block is prf (K, S | 0x01) and as long as the key here.
test.each(HASHES)('PRF %i: SK = prf+ (PPK, SK), all three', (id, hash, length) => {
  const prf = nodePrfs.find((one) => one.id === id);
  if (prf === undefined) throw new Error('no PRF');
  const [ppk, skD, skPi, skPr] = [
    octets(200, 33),
    octets(1, length),
    octets(2, length),
    octets(3, length),
  ];
  const block = (key: Uint8Array): string =>
    createHmac(hash, ppk).update(key).update(Uint8Array.of(1)).digest('hex');
  using mixed = mixPpk(prf, new Secret(ppk.slice()), {
    skD: new Secret(skD.slice()),
    skPi: new Secret(skPi.slice()),
    skPr: new Secret(skPr.slice()),
  });
  const hex = (secret: Secret): string => Buffer.from(secret.bytes).toString('hex');
  expect(hex(mixed.skD)).toBe(block(skD));
  expect(hex(mixed.skPi)).toBe(block(skPi));
  expect(hex(mixed.skPr)).toBe(block(skPr));
});
