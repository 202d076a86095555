import { describe, expect, test } from 'vitest';
import type { Crl } from '../../../../daemon/credentials/x509/certificate.ts';
import { decodeCrl, decodeCrlInSlices } from '../../../../daemon/credentials/x509/decode-crl.ts';
import { problemText } from '../../../../daemon/credentials/x509/decoded.ts';
import { nameKey } from '../../../../daemon/credentials/x509/names.ts';
import { utf8 } from '../../../../daemon/util/bytes.ts';
import {
  buildCrl,
  type CrlParts,
  crlEntry,
  crlReason,
  der,
  ecdsaSha256,
  extension,
  nameOf,
} from '../../../support/build-x509.ts';
import { decodeTools } from '../../../support/decode-tools.ts';

function decoded(parts: CrlParts): Crl {
  const result = decodeCrl(buildCrl(parts), decodeTools);
  if (!result.ok) throw new Error(problemText(result.problem));
  return result.value;
}

function problem(parts: CrlParts): string {
  const result = decodeCrl(buildCrl(parts), decodeTools);
  return result.ok ? 'accepted' : problemText(result.problem);
}

const serial = (...octets: readonly number[]): Uint8Array => Uint8Array.from(octets);
const ca = nameKey(nameOf('CA'), 'test');
const other = nameKey(nameOf('Other'), 'test');
const idp = (...fields: readonly Uint8Array[]): Uint8Array =>
  extension('2.5.29.28', der.seq(...fields), true);
const indirect = idp(der.implicit(4, serial(0xff)));
const issuedBy = (name: Uint8Array): Uint8Array =>
  extension('2.5.29.29', der.seq(der.explicit(4, name)), true);

describe('a CRL', () => {
  test('has the values of its fields', () => {
    const crl = decoded({
      entries: [crlEntry([5])],
      extensions: [
        extension('2.5.29.20', der.int(0x01, 0x00)),
        extension('2.5.29.27', der.int(7), true),
        extension('2.5.29.35', der.seq(der.implicit(0, serial(1, 2)))),
      ],
    });
    expect(crl).toMatchObject({
      kind: 'crl',
      issuerKey: ca,
      thisUpdate: Date.UTC(2025, 0, 1),
      nextUpdate: Date.UTC(2035, 0, 1),
      crlNumber: 256n,
      baseCrlNumber: 7n,
      authorityKeyId: { keyId: serial(1, 2), issuers: [] },
      scheme: { kind: 'ecdsa', hash: 'sha256', encoding: 'der' },
      unknownCritical: [],
      size: 1,
    });
  });

  test('finds its entries by issuer and serial number, with reason and date', () => {
    const crl = decoded({
      entries: [
        crlEntry([0x05]),
        crlEntry([0x00, 0xff], [crlReason(1)]),
        crlEntry([0x06], [crlReason(6)], '20510601120000Z'),
      ],
    });
    expect(crl.find(ca, serial(5))).toEqual({
      serial: serial(5),
      date: Date.UTC(2025, 5, 1),
      issuerKey: ca,
    });
    expect(crl.find(ca, serial(0, 0xff))?.reason).toBe('keyCompromise');
    expect(crl.find(ca, serial(6))).toMatchObject({
      reason: 'certificateHold',
      date: Date.UTC(2051, 5, 1, 12),
    });
    expect(crl.find(ca, serial(0xff))).toBeUndefined();
    expect(crl.find(ca, serial(5, 0))).toBeUndefined();
    expect(crl.find(ca, serial())).toBeUndefined();
    expect(crl.find(other, serial(5))).toBeUndefined();
  });

  test('that is indirect keeps the issuer of an entry for those that follow', () => {
    const crl = decoded({
      extensions: [indirect],
      entries: [crlEntry([1]), crlEntry([2], [issuedBy(nameOf('Other'))]), crlEntry([3])],
    });
    expect(crl.issuingDistributionPoint?.indirect).toBe(true);
    expect(crl.find(ca, serial(1))?.issuerKey).toBe(ca);
    expect(crl.find(ca, serial(2))).toBeUndefined();
    expect(crl.find(other, serial(2))?.issuerKey).toBe(other);
    expect(crl.find(other, serial(3))?.issuerKey).toBe(other);
  });

  test('with two entries for one certificate says revoked rather than removed', () => {
    for (const reasons of [
      [8, 4],
      [4, 8],
    ]) {
      const crl = decoded({ entries: reasons.map((reason) => crlEntry([1], [crlReason(reason)])) });
      expect(crl.find(ca, serial(1))?.reason).toBe('superseded');
      expect(crl.size).toBe(1);
    }
  });

  test('names critical extensions of itself and of entries that are not processed', () => {
    const crl = decoded({
      extensions: [extension('1.2.3.4', der.null(), true), extension('1.2.3.5', der.null())],
      entries: [crlEntry([1], [extension('1.2.3.6', der.null(), true)])],
    });
    expect(crl.unknownCritical).toEqual(['1.2.3.4', '1.2.3.6']);
  });

  test('has its distribution point', () => {
    const name = der.explicit(0, der.explicit(0, der.implicit(6, utf8('http://crl.example.org/'))));
    const reasons = der.implicit(3, serial(5, 0x60));
    const crl = decoded({ extensions: [idp(name, der.implicit(1, serial(0xff)), reasons)] });
    expect(crl.issuingDistributionPoint).toEqual({
      point: {
        uris: ['http://crl.example.org/'],
        names: [{ kind: 'uri', text: 'http://crl.example.org/' }],
        crlIssuers: [],
        reasons: new Set(['keyCompromise', 'cACompromise']),
      },
      onlyUserCerts: true,
      onlyCaCerts: false,
      onlyAttributeCerts: false,
      indirect: false,
    });
  });

  test('may be of version 1, without nextUpdate and without entries', () => {
    const crl = decoded({ version: new Uint8Array(), nextUpdate: undefined });
    expect(crl.nextUpdate).toBeUndefined();
    expect(crl.size).toBe(0);
    expect(crl.find(ca, serial(1))).toBeUndefined();
  });
});

describe('refused with the field and what was found:', () => {
  test.each<[what: string, parts: CrlParts, text: RegExp]>([
    ['another algorithm outside', { outerAlgorithm: der.seq(der.oid('1.2.3')) }, /another than/],
    ['version 3', { version: der.int(2) }, /version: 3, expected 2/],
    [
      'extensions in version 1',
      { version: new Uint8Array(), extensions: [indirect] },
      /crlExtensions: present in version 1/,
    ],
    [
      'extensions of entries in version 1',
      { version: new Uint8Array(), entries: [crlEntry([1], [crlReason(1)])] },
      /extensions in version 1/,
    ],
    [
      'a list for users and CAs only',
      { extensions: [idp(der.implicit(1, serial(0xff)), der.implicit(2, serial(0xff)))] },
      /two kinds/,
    ],
    ['a flag of two octets', { extensions: [idp(der.implicit(4, serial(1, 1)))] }, /\[4\] is no/],
    [
      'a certificateIssuer in a list that is not indirect',
      { entries: [crlEntry([1], [issuedBy(nameOf('Other'))])] },
      /not indirect/,
    ],
    ['a reason that is none', { entries: [crlEntry([1], [crlReason(7)])] }, /no reason/],
    ['a reason beyond the list', { entries: [crlEntry([1], [crlReason(11)])] }, /no reason/],
    ['an entry without a date', { entries: [der.seq(der.int(1))] }, /ends within|no revocation/],
    [
      'an entry with a wrong date',
      { entries: [crlEntry([1], [], '251301000000Z')] },
      /no revocation/,
    ],
    [
      'an entry that is a SET',
      { entries: [der.set(der.int(1), der.time('250101000000Z'))] },
      /no entry/,
    ],
    ['a padded serial number', { entries: [crlEntry([0, 1])] }, /serial number of 2 octets/],
    ['an empty serial number', { entries: [crlEntry([])] }, /serial number of 0 octets/],
    ['a serial number of 65 octets', { entries: [crlEntry(new Array(65).fill(1))] }, /65 octets/],
    [
      'something behind the extensions of an entry',
      {
        entries: [
          der.seq(der.int(1), der.time('250101000000Z'), der.seq(crlReason(1)), der.null()),
        ],
      },
      /after the end/,
    ],
    ['an extension twice', { entries: [crlEntry([1], [crlReason(1), crlReason(2)])] }, /two ext/],
    ['a number below 0', { extensions: [extension('2.5.29.20', der.int(0xff))] }, /cRLNumber: INT/],
  ])('%s', (_what, parts, text) => {
    expect(problem(parts)).toMatch(text);
  });

  test('more octets than the caller takes', () => {
    const octets = buildCrl();
    const result = decodeCrl(octets, decodeTools, { octets: octets.length - 1 });
    expect(result.ok ? '' : problemText(result.problem)).toMatch(/at most/);
  });

  test('octets behind the list', () => {
    const result = decodeCrl(Uint8Array.from([...buildCrl(), 0]), decodeTools);
    expect(result.ok).toBe(false);
  });
});

describe('a long CRL', () => {
  const count = 20_000;
  const numberOf = (i: number): number[] => [1 + (i >> 16), (i >> 8) & 0xff, i & 0xff];
  const octets = buildCrl({
    entries: Array.from({ length: count }, (_, i) =>
      crlEntry(numberOf(i), i % 2 === 0 ? [] : [crlReason(4)]),
    ),
  });

  test('is read in slices, with every entry in its place', async () => {
    let pauses = 0;
    const result = await decodeCrlInSlices(octets, decodeTools, async () => {
      pauses++;
    });
    if (!result.ok) throw new Error(problemText(result.problem));
    const crl = result.value;
    expect(pauses).toBeGreaterThanOrEqual(19);
    expect(crl.size).toBe(count);
    for (let i = 0; i < count; i++) {
      const entry = crl.find(ca, serial(...numberOf(i)));
      expect(entry?.reason).toBe(i % 2 === 0 ? undefined : 'superseded');
    }
    expect(crl.find(ca, serial(3, 0, 0))).toBeUndefined();
  });

  test('with an error at its end is a problem, in slices too', async () => {
    const broken = Uint8Array.from(octets);
    const last = broken.lastIndexOf(0x5a, broken.length - ecdsaSha256.length - 4);
    broken[last] = 0x20;
    const result = await decodeCrlInSlices(broken, decodeTools, async () => {});
    expect(result.ok ? '' : problemText(result.problem)).toMatch(/no revocation date/);
  });
});
