import { describe, expect, test } from 'vitest';
import { decodeCertificate } from '../../../../daemon/credentials/x509/decode-certificate.ts';
import { problemText } from '../../../../daemon/credentials/x509/decoded.ts';
import { NodeSignatureVerifier } from '../../../../plugins/crypto-node/signatures.ts';
import { buildCertificate, der, ecdsaSha256, p256Spki } from '../../../support/build-x509.ts';
import { decodeTools as openssl } from '../../../support/decode-tools.ts';

const verifier = new NodeSignatureVerifier();
const tools = { publicKey: verifier.publicKey.bind(verifier), hash: openssl.hash };

const modulus = (octets: number, last = 0x0f): number[] => [
  0,
  ...new Array(octets - 1).fill(0xc5),
  last,
];

function rsa(n: readonly number[], e: readonly number[], parameters = der.null()): Uint8Array {
  const algorithm = der.seq(der.oid('1.2.840.113549.1.1.1'), parameters);
  return der.seq(algorithm, der.bits(der.seq(der.int(...n), der.int(...e))));
}

function keyOf(spki: Uint8Array): string {
  const result = decodeCertificate(buildCertificate({ spki }), tools);
  if (!result.ok) return problemText(result.problem);
  return result.value.publicKey === undefined ? 'no key' : result.value.publicKey.type.kind;
}

test('keys that are as they should be are keys', () => {
  expect(keyOf(p256Spki)).toBe('ecdsa');
  expect(keyOf(rsa(modulus(256), [1, 0, 1]))).toBe('rsa');
});

describe('SEC-31 a certificate with a crafted key is a certificate without a key, and no identity by key id:', () => {
  const offCurve = p256Spki.slice();
  offCurve[offCurve.length - 1] = (offCurve.at(-1) ?? 0) ^ 1;
  const zeroPoint = der.seq(
    der.seq(der.oid('1.2.840.10045.2.1'), der.oid('1.2.840.10045.3.1.7')),
    der.bits(Uint8Array.of(4, ...new Array(64).fill(0))),
  );
  test.each<[what: string, spki: Uint8Array]>([
    ['RSA with an even modulus', rsa(modulus(256, 0x10), [1, 0, 1])],
    ['RSA with modulus 0', rsa([0], [1, 0, 1])],
    ['RSA with a negative modulus', rsa([0x80, ...new Array(255).fill(1)], [1, 0, 1])],
    ['RSA of 512 bits', rsa(modulus(64), [1, 0, 1])],
    ['RSA of 32768 bits', rsa(modulus(4096), [1, 0, 1])],
    ['RSA with exponent 0', rsa(modulus(256), [0])],
    ['RSA with exponent 1', rsa(modulus(256), [1])],
    ['RSA with an even exponent', rsa(modulus(256), [1, 0, 0])],
    ['RSA with an exponent of 256 octets', rsa(modulus(256), modulus(256))],
    ['RSA with parameters', rsa(modulus(256), [1, 0, 1], der.seq())],
    ['a point off its curve', offCurve],
    ['the point at zero', zeroPoint],
    [
      'a point of one octet',
      der.seq(
        der.seq(der.oid('1.2.840.10045.2.1'), der.oid('1.2.840.10045.3.1.7')),
        der.bits(Uint8Array.of(0)),
      ),
    ],
    [
      'a curve spelled out',
      der.seq(
        der.seq(der.oid('1.2.840.10045.2.1'), der.seq(der.int(1))),
        der.bits(Uint8Array.of(4)),
      ),
    ],
    [
      'Ed25519 with parameters',
      der.seq(der.seq(der.oid('1.3.101.112'), der.null()), der.bits(new Uint8Array(32).fill(9))),
    ],
    [
      'Ed25519 of small order',
      der.seq(
        der.seq(der.oid('1.3.101.112')),
        der.bits(Uint8Array.of(1, ...new Array(31).fill(0))),
      ),
    ],
    ['a key of no octets', der.seq(der.seq(der.oid('1.3.101.112')), der.bits(new Uint8Array()))],
    ['an unknown algorithm', der.seq(der.seq(der.oid('1.2.3.4')), der.bits(Uint8Array.of(1)))],
  ])('%s', (_what, spki) => {
    expect(keyOf(spki)).toBe('no key');
    const result = decodeCertificate(buildCertificate({ spki }), tools);
    expect(result.ok && result.value.identities.filter(({ type }) => type === 11)).toEqual([]);
  });
});

describe('SEC-52 variants of one certificate', () => {
  const algorithm = (...parameters: readonly Uint8Array[]): Uint8Array =>
    der.seq(der.oid('1.2.840.10045.4.3.2'), ...parameters);

  test('cannot be made by changing what is not signed: the algorithm outside, lengths, octets behind', () => {
    const plain = buildCertificate();
    expect(decodeCertificate(plain, tools).ok).toBe(true);
    const variants = [
      buildCertificate({ innerAlgorithm: ecdsaSha256, outerAlgorithm: algorithm(der.null()) }),
      buildCertificate({
        innerAlgorithm: ecdsaSha256,
        outerAlgorithm: algorithm(der.octets(new Uint8Array(9))),
      }),
      Uint8Array.from([...plain, 0]),
      Uint8Array.from([0x30, 0x83, 0, plain[2] ?? 0, ...plain.slice(3)]),
    ];
    expect(variants.map((octets) => decodeCertificate(octets, tools).ok)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});
