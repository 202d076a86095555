import { describe, expect, test } from 'vitest';
import { decodeAttributeCertificate } from '../../daemon/credentials/x509/decode-attribute-certificate.ts';
import { decodeCertificate } from '../../daemon/credentials/x509/decode-certificate.ts';
import { decodeCrl } from '../../daemon/credentials/x509/decode-crl.ts';
import { decodeOcspResponse } from '../../daemon/credentials/x509/decode-ocsp.ts';
import type { Decoded } from '../../daemon/credentials/x509/decoded.ts';
import {
  decodeOcspRequest,
  encodeOcspRequest,
} from '../../daemon/credentials/x509/ocsp-request.ts';
import { openPkcs7 } from '../../daemon/credentials/x509/pkcs7-bundle.ts';
import { utf8 } from '../../daemon/util/bytes.ts';
import { NodeSignatureVerifier } from '../../plugins/crypto-node/signatures.ts';
import { buildCertificate, der, extension, nameOf } from '../support/build-x509.ts';
import { decodeTools as openssl } from '../support/decode-tools.ts';
import { mutate, seeded } from '../support/mutate.ts';
import { mutateDer } from '../support/mutate-der.ts';
import * as samples from '../support/x509-samples.ts';

const INPUTS = 4_000;
/** Milliseconds a KiB; repeated where a busy machine paused. A small object takes as long as one of two KiB. */
const LIMIT_PER_KILOBYTE = 0.25;
const REPEATS = 20;

const verifier = new NodeSignatureVerifier();
const decodeTools = { publicKey: verifier.publicKey.bind(verifier), hash: openssl.hash };

const kinds: readonly (readonly [
  name: string,
  sample: Uint8Array,
  decode: (octets: Uint8Array) => Decoded<unknown>,
])[] = [
  ['certificates', samples.fullCertificate, (octets) => decodeCertificate(octets, decodeTools)],
  ['CRLs', samples.fullCrl, (octets) => decodeCrl(octets, decodeTools)],
  ['OCSP responses', samples.ocspResponse, (octets) => decodeOcspResponse(octets, decodeTools)],
  [
    'OCSP requests',
    encodeOcspRequest({ ids: [samples.certId], nonce: new Uint8Array(32) }),
    decodeOcspRequest,
  ],
  [
    'attribute certificates',
    samples.attributeCertificate,
    (octets) => decodeAttributeCertificate(octets, decodeTools),
  ],
  ['PKCS#7 bundles', samples.pkcs7, openPkcs7],
];

describe('SEC-53 mutated objects end in a value or a problem, in time', () => {
  test.each(kinds)('%s', { timeout: 120_000 }, (_name, sample, decode) => {
    expect(decode(sample).ok).toBe(true);
    const below = seeded(53);
    const outcome = { accepted: 0, refused: 0 };
    for (let i = 0; i < INPUTS; i++) {
      const octets = i % 3 === 0 ? mutate(sample, below) : mutateDer(sample, below);
      const result = timed(octets, decode);
      if (result.ok) outcome.accepted++;
      else {
        outcome.refused++;
        expect(result.problem.field).not.toBe('');
        expect(result.problem.found).toMatch(/^[ -~]+$/);
        expect(result.problem.found).not.toMatch(/cannot be decoded/);
      }
    }
    // Both ways out must be well trodden, or the inputs test nothing.
    expect(outcome.accepted).toBeGreaterThan(INPUTS / 100);
    expect(outcome.refused).toBeGreaterThan(INPUTS / 100);
  });
});

const list = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const withExtension = (oid: string, ...parts: readonly Uint8Array[]): Uint8Array =>
  buildCertificate({ extensions: [extension(oid, der.seq(...parts))] });
const longOid = Uint8Array.from([6, 0x82, 0xea, 0x60, 0x2a, ...new Array(59_998).fill(0x81), 1]);

describe('SEC-82 the largest certificates of one kind of element take time in proportion', () => {
  test.each<[what: string, octets: Uint8Array]>([
    [
      'names',
      withExtension('2.5.29.17', ...list(1024, () => der.implicit(2, utf8('a'.repeat(50))))),
    ],
    [
      'distinguished names',
      withExtension(
        '2.5.29.17',
        ...list(64, () => der.explicit(4, nameOf(...list(50, () => '\u00fc')))),
      ),
    ],
    [
      'too many distinguished names',
      withExtension('2.5.29.17', ...list(1024, () => der.explicit(4, nameOf('u\u0308')))),
    ],
    ['policies', withExtension('2.5.29.32', ...list(2700, (i) => der.seq(der.oid(`1.2.3.${i}`))))],
    ['purposes', withExtension('2.5.29.37', ...list(4000, (i) => der.oid(`1.2.3.${i}`)))],
    [
      'mappings',
      withExtension(
        '2.5.29.33',
        ...list(2000, (i) => der.seq(der.oid(`1.2.3.${i}`), der.oid('1.2'))),
      ),
    ],
    ['an object identifier of 60 000 octets', withExtension('2.5.29.37', longOid)],
    ['a subject of 60 000 octets', buildCertificate({ subject: nameOf('\u00fc'.repeat(30_000)) })],
    [
      'a subject of ligatures',
      buildCertificate({ subject: nameOf(...list(63, () => '\ufb03'.repeat(300))) }),
    ],
    [
      'address ranges',
      withExtension(
        '1.3.6.1.5.5.7.1.7',
        der.seq(
          der.octets(Uint8Array.of(0, 1)),
          der.seq(...list(4000, (i) => der.bits(Uint8Array.of(10, i >> 8, i & 0xff, 0)))),
        ),
      ),
    ],
    [
      'distribution points',
      withExtension(
        '2.5.29.31',
        ...list(64, () =>
          der.seq(der.explicit(2, ...list(45, () => der.explicit(4, nameOf('x'))))),
        ),
      ),
    ],
    [
      'extensions',
      buildCertificate({
        extensions: list(64, (i) => extension(`1.2.3.${i}`, new Uint8Array(900), true)),
      }),
    ],
    [
      'a key',
      buildCertificate({
        spki: der.seq(
          der.seq(der.oid('1.2.840.113549.1.1.1'), der.null()),
          der.bits(new Uint8Array(60_000).fill(0x30)),
        ),
      }),
    ],
  ])('%s', (_what, octets) => {
    expect(octets.length).toBeLessThanOrEqual(65_536);
    timed(octets, (given) => decodeCertificate(given, decodeTools));
  });
});

function timed(
  octets: Uint8Array,
  decode: (octets: Uint8Array) => Decoded<unknown>,
): Decoded<unknown> {
  const limit = LIMIT_PER_KILOBYTE * Math.max(2, octets.length / 1024);
  let best = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < REPEATS; tries++) {
    const start = performance.now();
    const result = decode(octets);
    best = Math.min(best, performance.now() - start);
    if (best < limit) return result;
  }
  const shown = Buffer.from(octets.subarray(0, 4096)).toString('hex');
  throw new Error(`${octets.length} octets took ${best} ms: ${shown}`);
}
