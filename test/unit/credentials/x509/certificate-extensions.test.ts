import { describe, expect, test } from 'vitest';
import type { Certificate } from '../../../../daemon/credentials/x509/certificate.ts';
import { decodeCertificate } from '../../../../daemon/credentials/x509/decode-certificate.ts';
import { problemText } from '../../../../daemon/credentials/x509/decoded.ts';
import { derElement } from '../../../../daemon/proto/der.ts';
import { utf8 } from '../../../../daemon/util/bytes.ts';
import { toHex } from '../../../../daemon/util/hex.ts';
import { buildCertificate, der, extension, nameOf } from '../../../support/build-x509.ts';
import { decodeTools } from '../../../support/decode-tools.ts';
import { fullCertificate } from '../../../support/x509-samples.ts';

function outcome(octets: Uint8Array): Certificate | string {
  const result = decodeCertificate(octets, decodeTools);
  return result.ok ? result.value : problemText(result.problem);
}

function withExtension(oid: string, value: Uint8Array, critical?: boolean): Certificate | string {
  return outcome(buildCertificate({ extensions: [extension(oid, value, critical)] }));
}

const dns = (text: string): Uint8Array => der.implicit(2, utf8(text));
const subtree = (name: Uint8Array, ...rest: readonly Uint8Array[]): Uint8Array =>
  der.seq(name, ...rest);

test('every extension is decoded as it stands', () => {
  const point = {
    uris: ['http://crl.example.org/a.crl'],
    names: [{ kind: 'uri', text: 'http://crl.example.org/a.crl' }],
    reasons: new Set(['keyCompromise', 'cACompromise']),
    crlIssuers: [{ kind: 'directory', name: nameOf('CRL issuer') }],
  };
  expect(outcome(fullCertificate)).toMatchObject({
    subjectKeyId: new Uint8Array(20).fill(1),
    authorityKeyId: {
      keyId: new Uint8Array(20).fill(2),
      serial: Uint8Array.of(5),
      issuers: [{ kind: 'directory', name: nameOf('CA') }],
    },
    keyUsage: new Set(['digitalSignature', 'keyCertSign', 'cRLSign']),
    basicConstraints: { ca: true, pathLength: 3 },
    nameConstraints: {
      permitted: [{ kind: 'dns', text: 'example.org' }],
      excluded: [{ kind: 'ip', octets: Uint8Array.of(10, 0, 0, 0, 255, 0, 0, 0) }],
    },
    crlDistributionPoints: [point],
    freshestCrl: [point],
    policies: ['1.2.3.4', '1.2.3.5'],
    policyMappings: [{ issuer: '1.2.3.4', subject: '1.2.3.6' }],
    policyConstraints: { requireExplicit: 0, inhibitMapping: 2 },
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.17', '1.3.6.1.5.5.7.3.2'],
    inhibitAnyPolicy: 1,
    ocspUris: ['http://ocsp.example.org/'],
    caIssuerUris: ['http://example.org/ca.crt'],
    ocspNoCheck: true,
    unknownCritical: [],
  });
});

test('names of every kind are kept', () => {
  const certificate = outcome(fullCertificate);
  if (typeof certificate === 'string') throw new Error(certificate);
  expect(certificate.subjectAltNames.map(({ kind }) => kind)).toEqual([
    'dns',
    'email',
    'ip',
    'uri',
    'directory',
    'other',
    'registeredId',
  ]);
  expect(certificate.subjectAltNames[5]).toEqual({
    kind: 'other',
    oid: '1.3.6.1.5.5.7.8.5',
    value: der.text(0x0c, 'a@b'),
  });
});

test('address blocks are ranges of whole addresses (RFC 3779 section 2)', () => {
  const certificate = outcome(fullCertificate);
  if (typeof certificate === 'string') throw new Error(certificate);
  const [four, six] = certificate.addressBlocks ?? [];
  const ranges = four?.ranges === 'inherit' ? [] : (four?.ranges ?? []);
  expect(four?.family).toBe(4);
  expect(ranges.map(({ from, to }) => `${toHex(from)}-${toHex(to)}`)).toEqual([
    '0a000000-0a00ffff',
    '0a020000-0a04ffff',
  ]);
  expect(six).toEqual({ family: 6, safi: 1, ranges: 'inherit' });
});

test('an unknown extension counts if it is critical only', () => {
  expect(withExtension('1.2.3.4', Uint8Array.of(0xff, 0xff), true)).toMatchObject({
    unknownCritical: ['1.2.3.4'],
  });
  expect(withExtension('1.2.3.4', Uint8Array.of(0xff, 0xff))).toMatchObject({
    unknownCritical: [],
  });
});

test('a default that is spelled out is accepted, as older programs write it', () => {
  expect(withExtension('2.5.29.19', der.seq(der.bool(false)))).toMatchObject({
    basicConstraints: { ca: false },
  });
});

const range = (...octets: readonly number[]): Uint8Array => der.bits(Uint8Array.from(octets));
const family = (...ranges: readonly Uint8Array[]): Uint8Array =>
  der.seq(der.octets(Uint8Array.of(0, 1)), der.seq(...ranges));

describe('refused with the field and what was found:', () => {
  test.each<[what: string, oid: string, value: Uint8Array, text: RegExp]>([
    [
      'BER in an extension',
      '2.5.29.14',
      Uint8Array.of(0x24, 0x80, 0, 0),
      /subjectKeyIdentifier: in/,
    ],
    ['octets behind a value', '2.5.29.14', Uint8Array.of(4, 1, 1, 5, 0), /octets after the end/],
    ['a key identifier of another type', '2.5.29.14', der.null(), /value: tag 05, expected 04/],
    ['no name', '2.5.29.17', der.seq(), /subjectAltName: empty/],
    ['a name that is none', '2.5.29.17', der.seq(der.implicit(9, utf8('x'))), /no GeneralName/],
    ['a constructed dNSName', '2.5.29.17', der.seq(der.explicit(2, dns('x'))), /no GeneralName/],
    [
      'a dNSName beyond IA5',
      '2.5.29.17',
      der.seq(der.implicit(2, Uint8Array.of(0xe4))),
      /dNSName: octet e4/,
    ],
    [
      'an address of 8 octets',
      '2.5.29.17',
      der.seq(der.implicit(7, new Uint8Array(8))),
      /8 octets, expected 4 or 16/,
    ],
    [
      'a directoryName that is none',
      '2.5.29.17',
      der.seq(der.explicit(4, der.set())),
      /directoryName/,
    ],
    [
      'a path length below 0',
      '2.5.29.19',
      der.seq(der.bool(true), der.int(0xff)),
      /basicConstraints: INTEGER/,
    ],
    [
      'a path length before cA',
      '2.5.29.19',
      der.seq(der.int(1), der.bool(true)),
      /unexpected element/,
    ],
    ['constraints of nothing', '2.5.29.30', der.seq(), /nameConstraints: empty/],
    [
      'an empty list of subtrees',
      '2.5.29.30',
      der.seq(der.explicit(0)),
      /permittedSubtrees: empty/,
    ],
    [
      'constraints in the wrong order, which the library skips over',
      '2.5.29.30',
      der.seq(der.explicit(1, subtree(dns('bad.org'))), der.explicit(0, subtree(dns('good.org')))),
      /unexpected element with tag a0/,
    ],
    [
      'a subtree with a minimum',
      '2.5.29.30',
      der.seq(der.explicit(0, subtree(dns('a.org'), der.implicit(0, Uint8Array.of(1))))),
      /unexpected element with tag 80/,
    ],
    [
      'a constraint of an address without mask',
      '2.5.29.30',
      der.seq(der.explicit(0, subtree(der.implicit(7, new Uint8Array(4))))),
      /4 octets, expected 8 or 32/,
    ],
    ['no distribution point', '2.5.29.31', der.seq(), /no distribution point/],
    [
      'a distribution point of another form',
      '2.5.29.31',
      der.seq(der.seq(der.explicit(0, der.null()))),
      /neither full nor/,
    ],
    ['no policy', '2.5.29.32', der.seq(), /certificatePolicies: empty/],
    [
      'a policy twice',
      '2.5.29.32',
      der.seq(der.seq(der.oid('1.2.3')), der.seq(der.oid('1.2.3'))),
      /twice/,
    ],
    [
      'a policy with something behind it',
      '2.5.29.32',
      der.seq(der.seq(der.oid('1.2.3'), der.seq(), der.null())),
      /unexpected element with tag 05/,
    ],
    [
      'policy constraints in the wrong order',
      '2.5.29.36',
      der.seq(der.implicit(1, Uint8Array.of(1)), der.implicit(0, Uint8Array.of(1))),
      /unexpected element with tag 80/,
    ],
    [
      'a mapping of one policy',
      '2.5.29.33',
      der.seq(der.seq(der.oid('1.2.3'))),
      /subjectDomainPolicy: missing/,
    ],
    ['no purpose', '2.5.29.37', der.seq(), /extKeyUsage: empty/],
    ['a purpose that is none', '2.5.29.37', der.seq(der.null()), /tag 05, expected 06/],
    ['a skip count that is negative', '2.5.29.54', der.int(0x80), /INTEGER of 1 octets/],
    ['a nocheck with contents', '1.3.6.1.5.5.7.48.1.5', der.seq(), /tag 30, expected 05/],
    [
      'a family that is not IP',
      '1.3.6.1.5.5.7.1.7',
      der.seq(der.seq(der.octets(Uint8Array.of(0, 3)), der.null())),
      /neither IPv4 nor/,
    ],
    [
      'a family twice',
      '1.3.6.1.5.5.7.1.7',
      der.seq(family(range(10)), family(range(11))),
      /there before/,
    ],
    [
      'an address of 5 octets',
      '1.3.6.1.5.5.7.1.7',
      der.seq(family(range(1, 2, 3, 4, 5))),
      /5 octets of an address of 4/,
    ],
    [
      'ranges that do not ascend',
      '1.3.6.1.5.5.7.1.7',
      der.seq(family(range(11), range(10))),
      /do not ascend/,
    ],
    [
      'ranges that overlap',
      '1.3.6.1.5.5.7.1.7',
      der.seq(family(range(10), range(10, 1))),
      /overlap/,
    ],
    [
      'a range that ends early',
      '1.3.6.1.5.5.7.1.7',
      der.seq(family(der.seq(range(11), range(10)))),
      /ends before/,
    ],
  ])('%s', (_what, oid, value, text) => {
    expect(withExtension(oid, value)).toMatch(text);
  });

  test('65 extensions', () => {
    const many = Array.from({ length: 65 }, (_, i) => extension(`1.2.3.${i}`, der.null()));
    expect(outcome(buildCertificate({ extensions: many }))).toMatch(/more than 64/);
  });

  test('an extension with critical behind its value', () => {
    const odd = der.seq(der.oid('1.2.3'), der.octets(der.null()), der.bool(true));
    expect(outcome(buildCertificate({ extensions: [odd] }))).toMatch(
      /unexpected element with tag 01/,
    );
  });
});

describe('SEC-08 names of an attacker stay what they are', () => {
  test('a NUL, line feeds and escapes are octets of the name, which equals no other', () => {
    const hostile = 'moon.example.org\u0000.evil\n\u001b[2J%s';
    const certificate = withExtension('2.5.29.17', der.seq(dns(hostile)));
    if (typeof certificate === 'string') throw new Error(certificate);
    const identity = certificate.identities.find(({ type }) => type === 2);
    expect(identity?.data).toEqual(utf8(hostile));
    expect(identity?.pattern).toBeUndefined();
  });

  test('a problem names octets that are no text without showing them', () => {
    const validity = der.seq(
      derElement(0x17, utf8('\u001b[2J000000000')),
      der.time('350101000000Z'),
    );
    expect(outcome(buildCertificate({ validity }))).toMatch(/^[ -~]+$/);
  });
});
