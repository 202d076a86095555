import { describe, expect, test } from 'vitest';
import type { Certificate } from '../../../../daemon/credentials/x509/certificate.ts';
import { decodeCertificate } from '../../../../daemon/credentials/x509/decode-certificate.ts';
import { problemText } from '../../../../daemon/credentials/x509/decoded.ts';
import { printIdentity } from '../../../../daemon/proto/identity-print.ts';
import { utf8 } from '../../../../daemon/util/bytes.ts';
import {
  buildCertificate,
  type CertificateParts,
  der,
  extension,
  nameOf,
} from '../../../support/build-x509.ts';
import { decodeTools } from '../../../support/decode-tools.ts';

function decoded(parts: CertificateParts): Certificate {
  const result = decodeCertificate(buildCertificate(parts), decodeTools);
  if (!result.ok) throw new Error(problemText(result.problem));
  return result.value;
}

function problem(parts: CertificateParts): string {
  const result = decodeCertificate(buildCertificate(parts), decodeTools);
  return result.ok ? 'accepted' : problemText(result.problem);
}

const ski = (octet: number): Uint8Array => extension('2.5.29.14', der.octets(Uint8Array.of(octet)));

describe('a certificate', () => {
  test('has the values of its fields', () => {
    const certificate = decoded({
      serial: der.int(0x00, 0xff),
      validity: der.seq(der.time('491231235959Z'), der.time('20500101000000Z')),
    });
    expect(certificate.kind).toBe('x509');
    expect([...certificate.serial]).toEqual([0x00, 0xff]);
    expect(new Date(certificate.notBefore).toISOString()).toBe('2049-12-31T23:59:59.000Z');
    expect(new Date(certificate.notAfter).toISOString()).toBe('2050-01-01T00:00:00.000Z');
    expect(certificate.scheme).toEqual({ kind: 'ecdsa', hash: 'sha256', encoding: 'der' });
    expect(certificate.publicKey?.type).toEqual({ kind: 'ecdsa', curve: 'p256', bits: 256 });
    expect([...certificate.signature]).toEqual([1, 2, 3]);
    expect(certificate.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  test('is a copy: the octets given may change afterwards', () => {
    const octets = buildCertificate();
    const result = decodeCertificate(octets, decodeTools);
    const before = Uint8Array.from(octets);
    octets.fill(0);
    expect(result.ok && result.value.der).toEqual(before);
  });

  test('keeps a negative serial number apart from the positive one with the same magnitude', () => {
    expect([...decoded({ serial: der.int(0xff) }).serial]).toEqual([0xff]);
  });

  test('that has a key of no known kind is decoded without a key', () => {
    const spki = der.seq(der.seq(der.oid('1.2.3.4')), der.bits(Uint8Array.of(1)));
    expect(decoded({ spki }).publicKey).toBeUndefined();
  });

  test('that is signed with an unknown algorithm is decoded without a scheme', () => {
    expect(
      decoded({ innerAlgorithm: der.seq(der.oid('1.2.840.113549.1.1.4'), der.null()) }).scheme,
    ).toBeUndefined();
  });

  test('proves its subject, its names and its key', () => {
    const names = der.seq(
      der.implicit(2, utf8('moon.example.org')),
      der.implicit(1, utf8('a@example.org')),
      der.implicit(7, Uint8Array.of(10, 0, 0, 1)),
      der.implicit(6, utf8('http://example.org/x')),
      der.implicit(7, Uint8Array.of(0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)),
    );
    const { identities } = decoded({ extensions: [extension('2.5.29.17', names), ski(0xab)] });
    const printed = identities.map(printIdentity);
    expect(printed.slice(0, 4)).toEqual([
      'CN=moon',
      'moon.example.org',
      'a@example.org',
      '10.0.0.1',
    ]);
    expect(printed).toContain('fec0::1');
    expect(printed).toContain('ab');
    expect(identities.filter((identity) => identity.type === 11)).toHaveLength(2);
  });

  test('without a subject does not prove the empty name', () => {
    expect(decoded({ subject: der.seq() }).identities.filter(({ type }) => type === 9)).toEqual([]);
  });
});

describe('refused with the field and what was found:', () => {
  test.each<[what: string, parts: CertificateParts, text: RegExp]>([
    [
      'another algorithm outside',
      { outerAlgorithm: der.seq(der.oid('1.2.840.10045.4.3.3')) },
      /signatureAlgorithm: another/,
    ],
    [
      'parameters outside only',
      { outerAlgorithm: der.seq(der.oid('1.2.840.10045.4.3.2'), der.null()) },
      /signatureAlgorithm: another/,
    ],
    ['version 4', { version: der.explicit(0, der.int(3)) }, /version: 4, expected 2 or 3/],
    ['version 1, which is not encoded', { version: der.explicit(0, der.int(0)) }, /version: 1/],
    [
      'extensions in version 1',
      { version: new Uint8Array(), extensions: [ski(1)] },
      /extensions: present in version 1/,
    ],
    ['an extension twice', { extensions: [ski(1), ski(2)] }, /two extensions 2\.5\.29\.14/],
    ['no extension', { extensions: [] }, /extensions: empty/],
    ['something after the extensions', { tail: der.null() }, /unexpected element with tag 05/],
    [
      'a serial number of 65 octets',
      { serial: der.int(1, ...new Array(64).fill(0)) },
      /serialNumber: 65 octets/,
    ],
    [
      'a time with fractions',
      { validity: der.seq(der.time('20250101000000.5Z'), der.time('350101000000Z')) },
      /notBefore: 20250101000000.5Z, expected a time/,
    ],
    [
      'a day that is none',
      { validity: der.seq(der.time('250230000000Z'), der.time('350101000000Z')) },
      /notBefore: .* calendar/,
    ],
    [
      'hour 24',
      { validity: der.seq(der.time('250101000000Z'), der.time('350101240000Z')) },
      /notAfter: .* calendar/,
    ],
    [
      'a time without Z',
      { validity: der.seq(der.time('250101000000+'), der.time('350101000000Z')) },
      /notBefore/,
    ],
    ['a name with an empty RDN', { issuer: der.seq(der.set()) }, /issuer.*without attributes/],
    ['a name that is a SET', { subject: der.set() }, /subject: tag 31, expected 30/],
    [
      'a name of 65 attributes',
      { subject: nameOf(...new Array<string>(65).fill('a')) },
      /more than 64/,
    ],
  ])('%s', (_what, parts, text) => {
    expect(problem(parts)).toMatch(text);
  });

  test('a signature with unused bits', () => {
    const octets = buildCertificate({ signature: Uint8Array.of(0xf0) });
    octets[octets.length - 2] = 4;
    const result = decodeCertificate(octets, decodeTools);
    expect(result.ok ? '' : problemText(result.problem)).toMatch(/signature: BIT STRING/);
  });

  test('SEC-53 more than 64 KiB', () => {
    const result = decodeCertificate(new Uint8Array(65_537), decodeTools);
    expect(result).toEqual({
      ok: false,
      problem: { field: 'certificate', found: '65537 octets, at most 65536 are accepted' },
    });
  });
});
