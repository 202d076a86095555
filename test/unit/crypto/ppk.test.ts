import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { deriveIkeKeysWithPpk } from '../../../daemon/crypto/keymat.ts';
import { mixPpk, ppkConfirmation } from '../../../daemon/crypto/ppk.ts';
import type { IkeSpi } from '../../../daemon/proto/ike-spi.ts';
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

// RFC 9867: SKEYSEED' = prf+ (PPK, SK_d); {SK_d | SK_ai | …} = prf+ (SKEYSEED', Ni | Nr | SPIi | SPIr).
test.each(HASHES)('PRF %i: all keys anew from SK_d and the PPK', (id, hash, length) => {
  const prf = nodePrfs.find((one) => one.id === id);
  if (prf === undefined) throw new Error('no PRF');
  const [ppk, skD, ni, nr] = [octets(200, 33), octets(1, length), octets(5, 32), octets(9, 20)];
  const [spiI, spiR] = [0x0102030405060708n as IkeSpi, 0x1112131415161718n as IkeSpi];
  const tail = Buffer.concat([ni, nr, octets(1, 8), octets(0x11, 8)]);
  const skeyseed = createHmac(hash, ppk).update(skD).update(Uint8Array.of(1)).digest();
  const lengths = { prfOctets: length, encryptionOctets: 20, integrityOctets: 16 };
  let keymat = Buffer.alloc(0);
  let block = Buffer.alloc(0);
  for (let n = 1; keymat.length < 3 * length + 72; n++) {
    block = createHmac(hash, skeyseed).update(block).update(tail).update(Uint8Array.of(n)).digest();
    keymat = Buffer.concat([keymat, block]);
  }
  using keys = deriveIkeKeysWithPpk(
    prf,
    new Secret(ppk.slice()),
    new Secret(skD.slice()),
    { ni, nr, spiI, spiR },
    lengths,
  );
  const all = [keys.skD, keys.skAi, keys.skAr, keys.skEi, keys.skEr, keys.skPi, keys.skPr];
  const joined = Buffer.concat(all.map(({ bytes }) => bytes));
  expect(joined.toString('hex')).toBe(keymat.subarray(0, joined.length).toString('hex'));
  expect(joined.length).toBe(3 * length + 72);

  const mac = createHmac(hash, ppk).update(tail).digest();
  const confirmation = ppkConfirmation(prf, new Secret(ppk.slice()), { ni, nr, spiI, spiR });
  expect(Buffer.from(confirmation).toString('hex')).toBe(mac.toString('hex', 0, 8));
});
