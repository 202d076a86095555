import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Random } from '../../../daemon/contracts/random.ts';
import { createProtection } from '../../../daemon/crypto/message-protection.ts';
import { createCrypto } from '../../../daemon/crypto/registry.ts';
import { EncryptionId, IntegrityId, TransformType } from '../../../daemon/proto/iana/transforms.ts';
import { printIkeSpi } from '../../../daemon/proto/ike-spi.ts';
import type { Proposal } from '../../../daemon/proto/proposal.ts';
import { InternalError } from '../../../daemon/util/error.ts';
import { Secret } from '../../../daemon/util/secret.ts';
import { parseHeader } from '../../../daemon/wire/header.ts';
import { isClearExchange, parseMessage } from '../../../daemon/wire/message.ts';
import { loadLibcrypto } from '../../../native/libcrypto.ts';
import { libcryptoProvider } from '../../../plugins/crypto-libcrypto/provider.ts';
import { nobleCryptoProvider } from '../../../plugins/crypto-noble/provider.ts';
import { nodeCryptoProvider } from '../../../plugins/crypto-node/provider.ts';
import { readCaptureKeys } from '../../support/capture-keys.ts';
import { octets } from '../../support/compliance/crypto.ts';
import { hex } from '../../support/hex.ts';
import { readCapture } from '../../support/pcap.ts';
import { hasSharedData, sharedData } from '../../support/shared-data.ts';

/** Counts up, so that IVs can be told apart and tests repeat. */
function countingRandom(): Random {
  let next = 0;
  return {
    bytes: (length) => octets(++next, length),
    below: (bound) => ++next % bound,
  };
}

function ikeProposal(
  encryption: number,
  keyLength: number | undefined,
  integrity?: number,
): Proposal {
  const size = keyLength === undefined ? {} : { keyLength };
  return {
    number: 1,
    protocol: 1,
    spi: new Uint8Array(0),
    transforms: [
      { type: TransformType.ENCR, id: encryption, ...size },
      ...(integrity === undefined ? [] : [{ type: TransformType.INTEG, id: integrity }]),
    ],
  };
}

const AEADS = [
  ['AES_GCM_16_128', EncryptionId.AES_GCM_16, 128, 20, 16],
  ['AES_GCM_12_192', EncryptionId.AES_GCM_12, 192, 28, 12],
  ['AES_GCM_8_256', EncryptionId.AES_GCM_8, 256, 36, 8],
  ['CHACHA20_POLY1305', EncryptionId.CHACHA20_POLY1305, undefined, 36, 16],
  ['CHACHA20_POLY1305 with a key length', EncryptionId.CHACHA20_POLY1305, 256, 36, 16],
] as const;

const CLASSIC = [
  ['AES_CBC_128 HMAC_SHA1_96', 128, IntegrityId.HMAC_SHA1_96, 20, 12],
  ['AES_CBC_192 HMAC_SHA2_256_128', 192, IntegrityId.HMAC_SHA2_256_128, 32, 16],
  ['AES_CBC_256 HMAC_SHA2_384_192', 256, IntegrityId.HMAC_SHA2_384_192, 48, 24],
  ['AES_CBC_256 HMAC_SHA2_512_256', 256, IntegrityId.HMAC_SHA2_512_256, 64, 32],
] as const;

describe.each([libcryptoProvider(loadLibcrypto()), nodeCryptoProvider(), nobleCryptoProvider()])(
  'createProtection, $name',
  (provider) => {
    const crypto = createCrypto([provider]);
    const aad = octets(7, 32);

    test.each(AEADS)('%s: layout of RFC 5282', (_, id, keyLength, keyOctets, icvOctets) => {
      const create = () =>
        createProtection(
          crypto,
          ikeProposal(id, keyLength),
          new Secret(octets(1, keyOctets)),
          undefined,
          countingRandom(),
        );
      using mine = create();
      using theirs = create();
      expect([mine.ivOctets, mine.icvOctets, mine.blockOctets]).toEqual([8, icvOctets, 1]);
      const ivs = new Set<string>();
      for (const length of [1, 2, 100, 9000]) {
        const text = octets(2, length);
        const body = mine.seal(aad, text);
        expect(body).toHaveLength(8 + length + icvOctets);
        ivs.add(hex(body.subarray(0, 8)));
        expect(theirs.open(aad, body)).toEqual(text);
        expect(theirs.open(octets(8, 32), body)).toBeUndefined();
      }
      expect([...ivs]).toEqual([1, 2, 3, 4].map((n) => n.toString(16).padStart(16, '0')));
      for (let length = 0; length < 8 + icvOctets; length++)
        expect(theirs.open(aad, new Uint8Array(length))).toBeUndefined();
    });

    test.each(AEADS)('%s: refuses keys without or with another salt', (_, id, bits, keyOctets) => {
      for (const length of [keyOctets - 4, keyOctets - 1, keyOctets + 1])
        expect(() =>
          createProtection(
            crypto,
            ikeProposal(id, bits),
            new Secret(octets(1, length)),
            undefined,
            countingRandom(),
          ),
        ).toThrow(InternalError);
    });

    test.each(CLASSIC)(
      '%s: layout of RFC 7296 section 3.14',
      (_, bits, id, macOctets, icvOctets) => {
        const create = () =>
          createProtection(
            crypto,
            ikeProposal(EncryptionId.AES_CBC, bits, id),
            new Secret(octets(1, bits / 8)),
            new Secret(octets(2, macOctets)),
            countingRandom(),
          );
        using mine = create();
        using theirs = create();
        expect([mine.ivOctets, mine.icvOctets, mine.blockOctets]).toEqual([16, icvOctets, 16]);
        const text = octets(3, 160);
        const body = mine.seal(aad, text);
        expect(body).toHaveLength(16 + 160 + icvOctets);
        expect(hex(body.subarray(0, 16))).toBe(hex(octets(1, 16)));
        expect(hex(mine.seal(aad, text))).not.toBe(hex(body));
        expect(theirs.open(aad, body)).toEqual(text);
        expect(theirs.open(octets(8, 32), body)).toBeUndefined();
        for (let bit = 0; bit < body.length * 8; bit += 7) {
          const broken = body.slice();
          broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          expect(theirs.open(aad, broken)).toBeUndefined();
        }
        for (let length = 0; length < body.length; length++)
          expect(theirs.open(aad, body.subarray(0, length))).toBeUndefined();
        expect(() => mine.seal(aad, octets(3, 17))).toThrow(TypeError);
      },
    );

    test('a proposal that cannot be carried out is our error', () => {
      const key = () => new Secret(octets(1, 16));
      const random = countingRandom();
      for (const [proposal, integrity] of [
        [ikeProposal(EncryptionId.AES_CBC, 128, IntegrityId.AES_CMAC_96), key()],
        [ikeProposal(EncryptionId.AES_CBC, 128, IntegrityId.HMAC_SHA1_96), undefined],
        [ikeProposal(EncryptionId.AES_CBC, 128), key()],
        [ikeProposal(EncryptionId.AES_CBC, undefined, IntegrityId.HMAC_SHA1_96), key()],
        [ikeProposal(EncryptionId.NULL, undefined, IntegrityId.HMAC_SHA1_96), key()],
        [ikeProposal(EncryptionId.AES_GCM_16, undefined), undefined],
      ] as const)
        expect(() => createProtection(crypto, proposal, key(), integrity, random)).toThrow(
          InternalError,
        );
    });

    test('nothing can be sealed under a key that was given up', () => {
      const protection = createProtection(
        crypto,
        ikeProposal(EncryptionId.AES_GCM_16, 128),
        new Secret(octets(1, 20)),
        undefined,
        countingRandom(),
      );
      protection[Symbol.dispose]();
      expect(() => protection.seal(aad, octets(2, 10))).toThrow(InternalError);
    });
  },
);

const CAPTURES = 'ikev2-captures';

const hasCaptures = hasSharedData(CAPTURES);

describe.skipIf(!hasCaptures)('captures of other implementations', () => {
  const table = hasCaptures ? readFileSync(sharedData(`${CAPTURES}/keys.csv`), 'utf8') : '';
  const keys = readCaptureKeys(table);
  const crypto = createCrypto([nodeCryptoProvider()]);

  test.each([
    ['ikev2-decrypt-aes256gcm16.pcap', ikeProposal(EncryptionId.AES_GCM_16, 256)],
    ['ikev2-decrypt-aes256gcm8.pcap', ikeProposal(EncryptionId.AES_GCM_8, 256)],
    [
      'ikev2-decrypt-aes256cbc.pcapng',
      ikeProposal(EncryptionId.AES_CBC, 256, IntegrityId.HMAC_SHA2_256_128),
    ],
  ])('%s opens with its SK_e and SK_a', (file, proposal) => {
    const opened: string[] = [];
    for (const { payload } of readCapture(readFileSync(sharedData(`${CAPTURES}/${file}`)))) {
      const header = parseHeader(payload);
      if (isClearExchange(header.exchange)) continue;
      const line = keys.find(({ spiI }) => spiI === printIkeSpi(header.spiI));
      if (line === undefined) throw new Error('no keys');
      const [encryption, integrity] = header.fromInitiator
        ? [line.skEi, line.skAi]
        : [line.skEr, line.skAr];
      using protection = createProtection(
        crypto,
        proposal,
        new Secret(encryption.slice()),
        new Secret(integrity.slice()),
        countingRandom(),
      );
      const { payloads } = parseMessage(payload, header, protection);
      opened.push(payloads.map(({ kind }) => kind).join(' '));
      const broken = payload.slice();
      broken[broken.length - 1] = (broken[broken.length - 1] ?? 0) ^ 1;
      expect(() => parseMessage(broken, header, protection)).toThrow();
    }
    expect(opened.length).toBeGreaterThanOrEqual(2);
    expect(opened[0]).toContain('IDi');
    expect(opened[1]).toContain('IDr');
  });
});
