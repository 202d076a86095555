import { describe, expect, test } from 'vitest';
import type { SignatureScheme } from '../../../daemon/contracts/signatures.ts';
import {
  algorithmOfScheme,
  schemeOfAlgorithm,
  schemeOfSignedObject,
} from '../../../daemon/crypto/signature-algorithms.ts';
import { fromHex, toHex } from '../../../daemon/util/hex.ts';
import { der } from '../../support/build-x509.ts';

const hex = (text: string): Uint8Array => fromHex(text.replaceAll(' ', '')) ?? new Uint8Array();

describe('identifiers of RFC 7427 appendix A and RFC 8420', () => {
  test.each<[text: string, scheme: SignatureScheme]>([
    ['30 0d 06 09 2a 86 48 86 f7 0d 01 01 05 05 00', { kind: 'rsa-pkcs1', hash: 'sha1' }],
    ['30 0d 06 09 2a 86 48 86 f7 0d 01 01 0b 05 00', { kind: 'rsa-pkcs1', hash: 'sha256' }],
    ['30 0d 06 09 2a 86 48 86 f7 0d 01 01 0c 05 00', { kind: 'rsa-pkcs1', hash: 'sha384' }],
    ['30 0d 06 09 2a 86 48 86 f7 0d 01 01 0d 05 00', { kind: 'rsa-pkcs1', hash: 'sha512' }],
    ['30 09 06 07 2a 86 48 ce 3d 04 01', { kind: 'ecdsa', hash: 'sha1', encoding: 'der' }],
    ['30 0a 06 08 2a 86 48 ce 3d 04 03 02', { kind: 'ecdsa', hash: 'sha256', encoding: 'der' }],
    ['30 0a 06 08 2a 86 48 ce 3d 04 03 03', { kind: 'ecdsa', hash: 'sha384', encoding: 'der' }],
    ['30 0a 06 08 2a 86 48 ce 3d 04 03 04', { kind: 'ecdsa', hash: 'sha512', encoding: 'der' }],
    ['30 05 06 03 2b 65 70', { kind: 'ed25519' }],
    ['30 05 06 03 2b 65 71', { kind: 'ed448' }],
    [
      `30 41 06 09 2a 86 48 86 f7 0d 01 01 0a 30 34 a0 0f 30 0d 06 09 60 86 48 01 65 03 04 02 01 05 00
       a1 1c 30 1a 06 09 2a 86 48 86 f7 0d 01 01 08 30 0d 06 09 60 86 48 01 65 03 04 02 01 05 00 a2 03 02 01 20`.replaceAll(
        '\n',
        '',
      ),
      { kind: 'rsa-pss', hash: 'sha256', saltOctets: 32 },
    ],
  ])('%s', (text, scheme) => {
    expect(schemeOfAlgorithm(hex(text))).toEqual(scheme);
    expect(toHex(algorithmOfScheme(scheme) ?? new Uint8Array())).toBe(toHex(hex(text)));
  });

  test('the defaults of RSASSA-PSS are SHA-1', () => {
    const defaults = hex('30 0d 06 09 2a 86 48 86 f7 0d 01 01 0a 30 00');
    expect(schemeOfAlgorithm(defaults)).toEqual({ kind: 'rsa-pss', hash: 'sha1', saltOctets: 20 });
  });

  test('ML-DSA is told apart by level when it is written', () => {
    for (const level of [44, 65, 87] as const) {
      const octets = algorithmOfScheme({ kind: 'ml-dsa' }, level);
      expect(schemeOfAlgorithm(octets ?? new Uint8Array())).toEqual({ kind: 'ml-dsa' });
    }
    expect(algorithmOfScheme({ kind: 'ml-dsa' })).toBeUndefined();
  });

  test('joined ECDSA values and odd salts have no identifier', () => {
    expect(algorithmOfScheme({ kind: 'ecdsa', hash: 'sha256', encoding: 'raw' })).toBeUndefined();
    expect(algorithmOfScheme({ kind: 'rsa-pss', hash: 'sha256', saltOctets: 20 })).toBeUndefined();
  });
});

const PSS = '1.2.840.113549.1.1.10';
const MGF1 = '1.2.840.113549.1.1.8';
const SHA256 = '2.16.840.1.101.3.4.2.1';
const SHA384 = '2.16.840.1.101.3.4.2.2';

function pss(parts: {
  hash?: string;
  mgf?: string;
  mask?: string;
  salt?: number[];
  trailer?: number;
}): Uint8Array {
  const hash = (oid: string): Uint8Array => der.seq(der.oid(oid), der.null());
  return der.seq(
    der.oid(PSS),
    der.seq(
      der.explicit(0, hash(parts.hash ?? SHA256)),
      der.explicit(1, der.seq(der.oid(parts.mgf ?? MGF1), hash(parts.mask ?? SHA256))),
      der.explicit(2, der.int(...(parts.salt ?? [32]))),
      ...(parts.trailer === undefined ? [] : [der.explicit(3, der.int(parts.trailer))]),
    ),
  );
}

describe('SEC-31 parameters of RSASSA-PSS', () => {
  test('are one hash, its length as salt, and perhaps the trailer spelled out', () => {
    const scheme = { kind: 'rsa-pss', hash: 'sha256', saltOctets: 32 };
    expect(schemeOfAlgorithm(pss({}))).toEqual(scheme);
    expect(schemeOfAlgorithm(pss({ trailer: 1 }))).toEqual(scheme);
    expect(schemeOfAlgorithm(pss({ hash: SHA384, mask: SHA384, salt: [48] }))).toEqual({
      ...scheme,
      hash: 'sha384',
      saltOctets: 48,
    });
  });

  test.each([
    ['two hashes', pss({ mask: SHA384 })],
    ['a short salt', pss({ salt: [20] })],
    ['no salt', pss({ salt: [0] })],
    ['a huge salt', pss({ salt: [0x7f, 0xff, 0xff, 0xff] })],
    ['a negative salt', pss({ salt: [0xff] })],
    ['another trailer', pss({ trailer: 2 })],
    ['another mask', pss({ mgf: '1.2.3' })],
    ['an unknown hash', pss({ hash: '1.2.3', mask: '1.2.3' })],
    [
      'a mask without hash',
      der.seq(
        der.oid(PSS),
        der.seq(
          der.explicit(0, der.seq(der.oid(SHA256), der.null())),
          der.explicit(1, der.seq(der.oid(MGF1))),
          der.explicit(2, der.int(32)),
        ),
      ),
    ],
    ['no parameters', der.seq(der.oid(PSS))],
    ['NULL', der.seq(der.oid(PSS), der.null())],
    ['parameters of 64 KiB', der.seq(der.oid(PSS), der.octets(new Uint8Array(65_000)))],
  ])('are refused: %s', (_what, octets) => {
    expect(schemeOfAlgorithm(octets)).toBeUndefined();
    expect(schemeOfSignedObject(octets)).toBeUndefined();
  });
});

describe('SEC-30 other parameters', () => {
  const RSA = '1.2.840.113549.1.1.11';

  test('of PKCS#1 v1.5 are NULL; in certificates they may be left out (RFC 4055 section 5)', () => {
    const absent = der.seq(der.oid(RSA));
    expect(schemeOfAlgorithm(absent)).toBeUndefined();
    expect(schemeOfSignedObject(absent)).toEqual({ kind: 'rsa-pkcs1', hash: 'sha256' });
  });

  test.each([
    ['an empty SEQUENCE for PKCS#1', der.seq(der.oid(RSA), der.seq())],
    ['NULL twice', der.seq(der.oid(RSA), der.null(), der.null())],
    ['NULL for ECDSA', der.seq(der.oid('1.2.840.10045.4.3.2'), der.null())],
    ['NULL for Ed25519', der.seq(der.oid('1.3.101.112'), der.null())],
    ['MD5', der.seq(der.oid('1.2.840.113549.1.1.4'), der.null())],
    ['something behind', Uint8Array.from([...der.seq(der.oid(RSA), der.null()), 0])],
    ['a length in two octets', hex('30 81 0d 06 09 2a 86 48 86 f7 0d 01 01 0b 05 00')],
    ['nothing', new Uint8Array()],
  ])('are refused: %s', (_what, octets) => {
    expect(schemeOfAlgorithm(octets)).toBeUndefined();
    expect(schemeOfSignedObject(octets)).toBeUndefined();
  });
});
