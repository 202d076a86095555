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
import { decodeTools } from '../support/decode-tools.ts';
import { mutate, seeded } from '../support/mutate.ts';
import { mutateDer } from '../support/mutate-der.ts';
import * as samples from '../support/x509-samples.ts';

const INPUTS = 6_000;
/** Milliseconds a KiB; repeated where a busy machine paused. */
const LIMIT_PER_KILOBYTE = 4;

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

function timed(
  octets: Uint8Array,
  decode: (octets: Uint8Array) => Decoded<unknown>,
): Decoded<unknown> {
  const limit = LIMIT_PER_KILOBYTE * Math.max(1, octets.length / 1024);
  let best = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 6; tries++) {
    const start = performance.now();
    const result = decode(octets);
    best = Math.min(best, performance.now() - start);
    if (best < limit) return result;
  }
  throw new Error(`took ${best} ms: ${Buffer.from(octets).toString('hex')}`);
}
