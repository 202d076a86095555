import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decoding, problemText } from '../../../../daemon/credentials/x509/decoded.ts';
import { type DerLimits, guardDer } from '../../../../daemon/credentials/x509/der-guard.ts';
import { DerReader, Tag } from '../../../../daemon/credentials/x509/der-reader.ts';
import { derElement } from '../../../../daemon/proto/der.ts';
import { fromHex } from '../../../../daemon/util/hex.ts';

const limits: DerLimits = { octets: 1_000, elements: 20, depth: 10 };

function verdict(octets: Uint8Array, given: DerLimits = limits): string {
  const result = decoding('x', () => guardDer(octets, 'x', given));
  return result.ok ? 'fine' : problemText(result.problem);
}

const hex = (text: string): Uint8Array => fromHex(text.replaceAll(' ', '')) ?? new Uint8Array();

test.each([
  ['an empty SEQUENCE', '30 00'],
  ['INTEGER 0, 128 and -1', '30 0a 02 01 00 02 02 00 80 02 01 ff'],
  ['both BOOLEANs', '30 06 01 01 00 01 01 ff'],
  ['a BIT STRING without bits, and one of a bit', '30 07 03 01 00 03 02 07 80'],
  ['a context-specific element of any contents', '80 03 ff ff ff'],
])('accepts %s', (_what, text) => {
  expect(verdict(hex(text))).toBe('fine');
});

describe('SEC-53 SEC-12 refuses', () => {
  test.each([
    ['nothing', '', /nothing there/],
    ['a tag without length', '30', /ends within the header/],
    ['indefinite length', '30 80 00 00', /indefinite length/],
    ['a length of one octet in two', '30 81 01 00', /not the shortest/],
    ['a length with a leading zero', '04 82 00 80', /not the shortest/],
    ['a length of five octets', '30 85 00 00 00 00 00', /length of 5 octets/],
    ['a length header that is cut off', '30 82 01', /within the header/],
    ['more octets claimed than there are', '30 05 02 01 00', /claims 5 octets, 3 are there/],
    ['an element that leaves the one around it', '30 03 02 02 00', /claims 2 octets, 1 are there/],
    ['octets behind the end', '30 00 00', /1 octets after the end/],
    ['tags of several octets', '1f 01 00', /tag 1f/],
    ['end-of-contents octets', '30 02 00 00', /tag 00/],
    ['a constructed OCTET STRING', '24 03 04 01 00', /tag 24 at octet 0 must not be constructed/],
    ['a primitive SEQUENCE', '10 00', /must be constructed/],
    ['BOOLEAN 01', '01 01 01', /neither 00 nor ff/],
    ['an empty BOOLEAN', '01 00', /neither 00 nor ff/],
    ['an empty INTEGER', '02 00', /not the shortest/],
    ['a padded INTEGER', '02 02 00 7f', /not the shortest/],
    ['a padded negative INTEGER', '02 02 ff 80', /not the shortest/],
    ['an empty BIT STRING', '03 00', /unused bits/],
    ['8 unused bits', '03 02 08 00', /unused bits/],
    ['unused bits of nothing', '03 01 01', /unused bits/],
    ['unused bits that are set', '03 02 01 01', /unused bits/],
    ['NULL with contents', '05 01 00', /NULL/],
    ['an empty OBJECT IDENTIFIER', '06 00', /OBJECT IDENTIFIER/],
    ['an OBJECT IDENTIFIER with a padded arc', '06 03 2a 80 01', /OBJECT IDENTIFIER/],
    ['an OBJECT IDENTIFIER that is cut off', '06 02 2a 81', /OBJECT IDENTIFIER/],
  ])('%s', (_what, text, reason) => {
    expect(verdict(hex(text))).toMatch(reason);
  });

  test('more levels, elements and octets than the limits', () => {
    const nested = (depth: number): Uint8Array => {
      let octets = derElement(0x30);
      for (let i = 1; i < depth; i++) octets = derElement(0x30, octets);
      return octets;
    };
    expect(verdict(nested(10))).toBe('fine');
    expect(verdict(nested(11))).toMatch(/deeper than 10/);
    const wide = (count: number): Uint8Array =>
      derElement(0x30, ...new Array(count).fill(derElement(0x05)));
    expect(verdict(wide(19))).toBe('fine');
    expect(verdict(wide(20))).toMatch(/more than 20 elements/);
    expect(verdict(new Uint8Array(1_001))).toMatch(/1001 octets, at most 1000/);
  });

  test('a thousand levels at once, without recursion', () => {
    const octets = new Uint8Array(65_536).fill(0x30);
    expect(verdict(octets, { octets: 65_536, elements: 65_536, depth: 65_536 })).not.toBe('fine');
  });
});

test('SEC-12 every step of the guard and of a reader goes forward', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      verdict(octets, { octets: 200, elements: 1_000, depth: 1_000 });
      decoding('x', () => {
        const reader = new DerReader(octets, 'x');
        for (let steps = 0; !reader.done; steps++) {
          if (steps > octets.length) throw new Error('does not advance');
          if (reader.any('element').der.length < 2) throw new Error('does not advance');
        }
      });
    }),
    { numRuns: 2_000 },
  );
});

describe('a reader', () => {
  const outcome = (use: (reader: DerReader) => unknown, text: string): unknown => {
    const result = decoding('x', () => use(new DerReader(hex(text), 'cert')));
    return result.ok ? result.value : problemText(result.problem);
  };

  test('says at which field what is missing, wrong or too much', () => {
    expect(outcome((reader) => reader.take(Tag.INTEGER, 'serial'), '')).toBe(
      'cert.serial: missing',
    );
    expect(outcome((reader) => reader.take(Tag.INTEGER, 'serial'), '05 00')).toBe(
      'cert.serial: tag 05, expected 02',
    );
    expect(outcome((reader) => reader.end(), '05 00')).toBe('cert: unexpected element with tag 05');
    expect(outcome((reader) => reader.all(Tag.NULL, 'n', 1), '05 00 05 00')).toBe(
      'cert: more than 1 elements',
    );
    expect(
      outcome((reader) => reader.enter(Tag.SEQUENCE, 'a').take(Tag.NULL, 'b'), '30 02 02 00'),
    ).toBe('cert.a.b: tag 02, expected 05');
  });

  test('leaves an optional element of another tag where it is', () => {
    const taken = outcome((reader) => {
      const absent = reader.optional(Tag.INTEGER, 'a');
      return [absent, reader.optional(Tag.NULL, 'b')?.tag, reader.done];
    }, '05 00');
    expect(taken).toEqual([undefined, 5, true]);
  });
});
