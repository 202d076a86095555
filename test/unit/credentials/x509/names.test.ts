import { describe, expect, test } from 'vitest';
import { decoding, problemText } from '../../../../daemon/credentials/x509/decoded.ts';
import { appendRdn, nameKey, rdnKeys } from '../../../../daemon/credentials/x509/names.ts';
import { derElement } from '../../../../daemon/proto/der.ts';
import { concatBytes, utf8 } from '../../../../daemon/util/bytes.ts';
import { der, nameOf } from '../../../support/build-x509.ts';

const UTF8 = 0x0c;
const PRINTABLE = 0x13;
const TELETEX = 0x14;
const IA5 = 0x16;
const UNIVERSAL = 0x1c;
const BMP = 0x1e;
const CN = '2.5.4.3';

const attribute = (tag: number, value: string | Uint8Array, oid = CN): Uint8Array =>
  der.seq(der.oid(oid), derElement(tag, typeof value === 'string' ? utf8(value) : value));
const key = (...rdns: readonly Uint8Array[]): string => nameKey(der.seq(...rdns), 'name');
const one = (tag: number, value: string | Uint8Array): string =>
  key(der.set(attribute(tag, value)));
const bmp = (text: string): Uint8Array =>
  concatBytes(
    ...[...text].map((char) => Uint8Array.of(char.charCodeAt(0) >> 8, char.charCodeAt(0))),
  );
const universal = (text: string): Uint8Array =>
  concatBytes(
    ...[...text].map((char) =>
      Uint8Array.of(0, char.charCodeAt(0) >> 16, char.charCodeAt(0) >> 8, char.charCodeAt(0)),
    ),
  );

describe('names that RFC 5280 section 7.1 calls equal have one key', () => {
  test.each([
    ['case', one(PRINTABLE, 'Moon Base'), one(PRINTABLE, 'mOON bASE')],
    [
      'blanks at the ends and between',
      one(PRINTABLE, '  Moon   Base '),
      one(PRINTABLE, 'moon base'),
    ],
    ['types of string', one(PRINTABLE, 'Moon'), one(UTF8, 'Moon')],
    ['BMPString', one(BMP, bmp('Mööŉ')), one(UTF8, 'Mööŉ')],
    ['UniversalString', one(UNIVERSAL, universal('Mön')), one(UTF8, 'MÖN')],
    ['IA5String and TeletexString of ASCII', one(IA5, 'moon'), one(TELETEX, 'MOON')],
    ['composed and decomposed letters', one(UTF8, 'Zu\u0308rich'), one(UTF8, 'Z\u00fcrich')],
    ['letters of another width', one(UTF8, '\uff2d\uff2f\uff2f\uff2e'), one(UTF8, 'moon')],
    ['the last sigma of a word', one(UTF8, '\u03a3\u0391\u03a3'), one(UTF8, '\u03c3\u03b1\u03c3')],
    ['sharp s', one(UTF8, 'Stra\u00dfe'), one(UTF8, 'STRASSE')],
    ['soft hyphens', one(UTF8, 'mo\u00adon'), one(UTF8, 'moon')],
    [
      'the order inside an RDN',
      key(der.set(attribute(UTF8, 'a'), attribute(UTF8, 'b', '2.5.4.11'))),
      key(der.set(attribute(UTF8, 'B', '2.5.4.11'), attribute(UTF8, 'A'))),
    ],
  ])('%s', (_what, a, b) => {
    expect(a).toBe(b);
  });
});

describe('names that are not equal have keys of their own', () => {
  test.each([
    ['another letter', one(UTF8, 'moon'), one(UTF8, 'noon')],
    ['an accent', one(UTF8, 'moon'), one(UTF8, 'm\u00f6on')],
    ['the dotless i', one(UTF8, 'paypa\u0131'), one(UTF8, 'paypai')],
    ['a Cyrillic letter of the same look', one(UTF8, 'p\u0430ypal'), one(UTF8, 'paypal')],
    ['a blank in a word', one(UTF8, 'moon base'), one(UTF8, 'moonbase')],
    [
      'another attribute',
      key(der.set(attribute(UTF8, 'a'))),
      key(der.set(attribute(UTF8, 'a', '2.5.4.10'))),
    ],
    [
      'the order of RDNs',
      key(der.set(attribute(UTF8, 'a')), der.set(attribute(UTF8, 'b'))),
      key(der.set(attribute(UTF8, 'b')), der.set(attribute(UTF8, 'a'))),
    ],
    [
      'one RDN of two attributes and two RDNs',
      key(der.set(attribute(UTF8, 'a'), attribute(UTF8, 'b'))),
      key(der.set(attribute(UTF8, 'a')), der.set(attribute(UTF8, 'b'))),
    ],
    ['TeletexString beyond ASCII', one(TELETEX, Uint8Array.of(0xfc)), one(UTF8, '\u00fc')],
    [
      'SEC-08 a value that looks like two',
      one(UTF8, 'a\u0001550403=b'),
      key(der.set(attribute(UTF8, 'a')), der.set(attribute(UTF8, 'b'))),
    ],
    [
      'SEC-08 a value that looks like octets',
      one(UTF8, '\u00030c0161'),
      one(0x24, Uint8Array.of(0x61)),
    ],
    [
      'SEC-08 malformed UTF-8 and its replacement',
      one(UTF8, Uint8Array.of(0xff)),
      one(UTF8, '\ufffd'),
    ],
    ['SEC-08 half a surrogate', one(BMP, Uint8Array.of(0xd8, 0)), one(BMP, Uint8Array.of(0xd8, 1))],
    ['SEC-08 a BMPString of odd length', one(BMP, Uint8Array.of(0, 0x61, 0)), one(BMP, bmp('a'))],
    [
      'SEC-08 a code point that is none',
      one(UNIVERSAL, Uint8Array.of(0, 0x11, 0, 0)),
      one(UNIVERSAL, Uint8Array.of(0, 0x12, 0, 0)),
    ],
  ])('%s', (_what, a, b) => {
    expect(a).not.toBe(b);
  });

  test('SEC-08 a NUL neither ends a value nor vanishes', () => {
    expect(one(UTF8, 'moon\u0000.evil.example')).not.toBe(one(UTF8, 'moon'));
    expect(one(UTF8, 'mo\u0000on')).not.toBe(one(UTF8, 'moon'));
    expect(one(PRINTABLE, 'mo\u0000on')).not.toBe(one(PRINTABLE, 'moon'));
  });
});

describe('SEC-08 refused names:', () => {
  test.each([
    ['a SET instead of a SEQUENCE', der.set(), /tag 31, expected 30/],
    ['an RDN without attributes', der.seq(der.set()), /without attributes/],
    ['an attribute without value', der.seq(der.set(der.seq(der.oid(CN)))), /value: missing/],
    [
      'an attribute with two values',
      der.seq(der.set(der.seq(der.oid(CN), der.null(), der.null()))),
      /unexpected/,
    ],
    ['something behind the name', concatBytes(nameOf('a'), der.null()), /unexpected/],
    [
      '65 attributes in an RDN',
      der.seq(der.set(...new Array(65).fill(attribute(UTF8, 'a')))),
      /more than 64/,
    ],
    [
      '65 attributes in two RDNs',
      der.seq(der.set(...new Array(64).fill(attribute(UTF8, 'a'))), der.set(attribute(UTF8, 'b'))),
      /more than 64/,
    ],
  ])('%s', (_what, name, text) => {
    const result = decoding('name', () => nameKey(name, 'name'));
    expect(result.ok ? 'accepted' : problemText(result.problem)).toMatch(text);
  });
});

test('a name relative to another follows it, and both are taken apart into their RDNs', () => {
  const relative = attribute(UTF8, 'CRL 1');
  const base = nameOf('CA');
  const joined = appendRdn(nameKey(base, 'x'), relative, 'x');
  expect(joined).toBe(nameKey(nameOf('CA', 'crl 1'), 'x'));
  expect(rdnKeys(joined)).toEqual(['550403=ca', '550403=crl 1']);
  expect(rdnKeys('')).toEqual([]);
  expect(appendRdn('', relative, 'x')).toBe('550403=crl 1');
});
