import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Identity } from '../../../daemon/proto/identity.ts';
import {
  equalIdentity,
  identityKey,
  matchIdentity,
  type RdnMatching,
} from '../../../daemon/proto/identity-match.ts';
import { parseIdentity, printIdentity } from '../../../daemon/proto/identity-text.ts';
import { concatBytes, utf8 } from '../../../daemon/util/bytes.ts';
import { octetsOf } from '../../support/hex.ts';

const id = (text: string): Identity => parseIdentity(text, { allowRegex: true });

function score(pattern: string, identity: string, matching: RdnMatching = 'strict'): number {
  return matchIdentity(id(pattern), id(identity), matching);
}

describe('matchIdentity', () => {
  test.each([
    ['%any', 'moon', 1],
    ['%any', '10.0.0.1', 1],
    ['%any', 'CN=moon', 1],
    ['%any', 'keyid:#00', 1],
    ['moon.example.org', 'MOON.example.ORG', 20],
    ['moon.example.org', 'sun.example.org', 0],
    ['*.example.org', 'moon.example.org', 19],
    ['*.example.org', 'MOON.EXAMPLE.ORG', 19],
    ['*.example.org', 'example.org', 0],
    ['*.example.org', '@*.example.org', 20],
    ['*example.org', 'myexample.org', 19],
    ['fqdn:*', 'moon', 1],
    ['moon.*.org', 'moon.example.org', 0],
    ['moon.*.org', 'moon.*.org', 20],
    ['*@example.org', 'carol@example.org', 19],
    ['email:*', 'carol@example.org', 1],
    ['carol@example.org', 'Carol@Example.org', 20],
    ['@moon', '@@moon', 0],
    ['email:*', '@moon', 0],
    ['keyid:moon', 'keyid:moon', 20],
    ['keyid:moon', 'keyid:Moon', 0],
    ['keyid:*', 'keyid:moon', 0],
    ['uri:http://x', 'uri:http://X', 0],
    ['10.0.0.1', '10.0.0.1', 20],
    ['10.0.0.1', '10.0.0.2', 0],
    ['10.0.0.1', '@10.0.0.1', 0],
    ['10.0.0.0/8', '10.1.2.3', 19],
    ['10.0.0.0/8', '11.1.2.3', 0],
    ['10.0.0.0/8', '10.0.0.0/8', 20],
    ['10.0.0.0/8', '2001:db8::1', 0],
    ['0.0.0.0/0', '11.1.2.3', 2],
    ['10.0.0.1-10.0.0.9', '10.0.0.1', 19],
    ['10.0.0.1-10.0.0.9', '10.0.0.9', 19],
    ['10.0.0.1-10.0.0.9', '10.0.0.10', 0],
    ['0.0.0.0-255.255.255.255', '10.0.0.10', 2],
    ['2001:db8::/32', '2001:db8:1::1', 19],
    ['2001:db8::/32', '2001:db9::1', 0],
    ['::/0', '2001:db9::1', 2],
    ['::1-::ffff', '::ff', 19],
  ])('%s against %s is %i', (pattern, identity, expected) => {
    expect(score(pattern, identity)).toBe(expected);
  });

  test.each([
    ['fqdn:^.*\\.example\\.org$', 'moon.EXAMPLE.org', 2],
    ['fqdn:^.*\\.example\\.org$', 'moon.example.com', 0],
    ['fqdn:^[[:alpha:]]+[[:digit:]]{2}$', 'moon42', 2],
    ['fqdn:^[[:alpha:]]+[[:digit:]]{2}$', 'moon4', 0],
    ['fqdn:^moon$', 'email:moon', 0],
    ['email:^(carol|dave)@example\\.org$', 'dave@example.org', 2],
    ['asn1dn:^.*CN=moon.*$', 'C=CH, CN=moon', 2],
    ['fqdn:^[a\\]+$', '@a\\a', 2],
    ['fqdn:^a\\.b$', 'axb', 0],
    ['fqdn:^[]x]+$', '@x]', 2],
    ['fqdn:^[^[:space:]]+$', 'ab', 2],
  ])('regular expression %s against %s is %i', (pattern, identity, expected) => {
    expect(score(pattern, identity)).toBe(expected);
  });

  test('a regular expression does not see what is too long or holds a NUL', () => {
    const anything = id('fqdn:^.*$');
    const fqdn = (data: Uint8Array): Identity => ({ type: 2, data });
    expect(matchIdentity(anything, fqdn(utf8('a'.repeat(1024))), 'strict')).toBe(2);
    expect(matchIdentity(anything, fqdn(utf8('a'.repeat(1025))), 'strict')).toBe(0);
    expect(matchIdentity(anything, fqdn(Uint8Array.of(97, 0)), 'strict')).toBe(0);
  });
});

describe('distinguished names', () => {
  test.each([
    ['strict', 'C=CH, O=Org, CN=moon', 'C=CH, O=Org, CN=moon', 20],
    ['strict', 'C=CH, O=Org, CN=moon', 'c=ch, o=org, cn=MOON', 20],
    ['strict', 'C=CH, O=Org, CN=*', 'C=CH, O=Org, CN=moon', 19],
    ['strict', 'C=*, O=Org, CN=*', 'C=CH, O=Org, CN=moon', 18],
    ['strict', 'C=CH, O=Org, CN=moon', 'C=CH, O=Org, CN=*', 0],
    ['strict', 'C=CH, O=Org', 'C=CH, O=Org, CN=moon', 0],
    ['strict', 'C=CH, CN=moon, O=Org', 'C=CH, O=Org, CN=moon', 0],
    ['strict', 'C=CH, O=Org, OU=*', 'C=CH, O=Org, CN=moon', 0],
    ['strict', 'E=a@b, CN=x', 'E=A@B, CN=X', 20],
    ['strict', 'UN=a', 'UN=A', 0],
    ['strict', 'CN=a_b', 'CN=A_B', 0],
    [
      'strict',
      Array.from({ length: 20 }, () => 'CN=*').join(','),
      Array.from({ length: 20 }, () => 'CN=a').join(','),
      2,
    ],
    ['reordered', 'CN=moon, O=Org, C=CH', 'C=CH, O=Org, CN=moon', 20],
    ['reordered', 'CN=*, O=Org, C=CH', 'C=CH, O=Org, CN=moon', 19],
    ['reordered', 'CN=*, CN=a', 'CN=a, CN=b', 19],
    ['reordered', 'CN=a, CN=a', 'CN=a, CN=b', 0],
    ['reordered', 'CN=moon, O=Org', 'C=CH, O=Org, CN=moon', 0],
    ['relaxed', 'CN=moon, O=Org', 'C=CH, O=Org, CN=moon', 19],
    ['relaxed', 'CN=*', 'C=CH, O=Org, CN=moon', 17],
    ['relaxed', 'C=CH, O=Org, CN=moon', 'O=Org, CN=moon', 0],
    ['relaxed', 'OU=*', 'C=CH, O=Org, CN=moon', 0],
  ] as const)('%s: %s against %s is %i', (matching, pattern, identity, expected) => {
    expect(score(pattern, identity, matching)).toBe(expected);
  });

  test('of different string types compare octet by octet', () => {
    const utf8Moon: Identity = { type: 9, data: octetsOf('300f310d300b06035504030c046d6f6f6e') };
    const utf8Upper: Identity = { type: 9, data: octetsOf('300f310d300b06035504030c044d4f4f4e') };
    expect(matchIdentity(id('CN=moon'), utf8Moon, 'strict')).toBe(20);
    expect(matchIdentity(id('CN=moon'), utf8Upper, 'strict')).toBe(0);
    expect(equalIdentity(id('CN=moon'), utf8Moon)).toBe(true);
    expect(equalIdentity(utf8Moon, utf8Upper)).toBe(false);
  });

  test('two attributes in one RDN are another name than two RDNs', () => {
    const inOne: Identity = {
      type: 9,
      data: octetsOf('3016 3114 3008 0603550403130161 3008 0603550403130162'),
    };
    expect(printIdentity(inOne)).toBe('CN=a, CN=b');
    expect(matchIdentity(id('CN=a, CN=b'), inOne, 'strict')).toBe(0);
    expect(equalIdentity(id('CN=a, CN=b'), inOne)).toBe(false);
  });
});

describe('equalIdentity and identityKey', () => {
  test.each([
    ['moon', 'MOON', true],
    ['a@b', 'A@B', true],
    ['CN=moon', 'CN=MOON', true],
    ['CN=moon', '/cn=moon', true],
    ['*.org', 'moon.org', false],
    ['%any', 'moon', false],
    ['%any', '*', true],
    ['@10.0.0.1', '10.0.0.1', false],
    ['keyid:moon', 'keyid:Moon', false],
    ['fqdn:^a$', 'fqdn:^a$', true],
    ['fqdn:^a$', 'fqdn:^A$', false],
    ['fqdn:^a$', '@^a$', false],
    ['CN=a, O=b', 'O=b, CN=a', false],
  ])('%s and %s: %s', (a, b, equal) => {
    expect(equalIdentity(id(a), id(b))).toBe(equal);
    expect(equalIdentity(id(b), id(a))).toBe(equal);
    if (equal) expect(identityKey(id(a))).toBe(identityKey(id(b)));
    else expect(identityKey(id(a))).not.toBe(identityKey(id(b)));
  });
});

describe('SEC-08: what a hostile peer may send as identity', () => {
  const any = fc.record({
    type: fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 77, 201, 255),
    data: fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      // Almost a name: one with some octets replaced.
      fc
        .tuple(fc.nat(60), fc.nat(255))
        .map(([at, octet]) => id('C=CH, O=Org, CN=moon, E=a@b').data.with(at % 60, octet)),
    ),
  });
  const patterns = [
    '%any',
    'moon',
    '*.example.org',
    '*@example.org',
    'C=CH, O=Org, CN=moon, E=a@b',
    'C=*, O=*, CN=*, E=*',
    'fqdn:^.*$',
    'asn1dn:^.*$',
    '10.0.0.0/8',
    '10.0.0.1-10.0.0.9',
    '::/0',
    'keyid:x',
    'ipv4:x',
    'asn1dn:#3003',
  ].map(id);

  test('nothing throws, and everything prints as printable ASCII', { timeout: 30_000 }, () => {
    fc.assert(
      fc.property(any, (identity) => {
        for (const pattern of patterns)
          for (const matching of ['strict', 'reordered', 'relaxed'] as const) {
            const result = matchIdentity(pattern, identity, matching);
            expect(result >= 0 && result <= 20 && Number.isInteger(result)).toBe(true);
          }
        expect(printIdentity(identity)).toMatch(/^[\x20-\x7e]*$/);
        expect(identityKey(identity)).toBe(identityKey({ ...identity }));
        expect(equalIdentity(identity, { ...identity })).toBe(true);
      }),
      { seed: 8, numRuns: 3000 },
    );
  });

  test('equal identities have equal keys; other types are never equal', () => {
    fc.assert(
      fc.property(any, any, (a, b) => {
        if (equalIdentity(a, b)) {
          expect(identityKey(a)).toBe(identityKey(b));
          expect(a.type).toBe(b.type);
        }
        expect(equalIdentity(a, b)).toBe(equalIdentity(b, a));
      }),
      { seed: 9, numRuns: 3000 },
    );
  });

  const moon = id('CN=moon').data;
  test.each([
    ['empty', new Uint8Array(0)],
    ['zero-length SEQUENCE', octetsOf('3000')],
    ['zero-length RDN', octetsOf('30023100')],
    ['indefinite length', octetsOf('3080310d300b06035504030c046d6f6f6e0000')],
    ['non-minimal length', octetsOf('30810f310d300b0603550403 13046d6f6f6e')],
    ['trailing octets', concatBytes(moon, Uint8Array.of(0))],
    ['truncated', moon.subarray(0, -1)],
    ['value missing', octetsOf('300931073005 0603550403')],
    ['three elements', octetsOf('300f310d300b 0603550403 130161 130162')],
    ['OID missing', octetsOf('300931073005 1303616263')],
    ['length beyond the end', octetsOf('307f310d300b060355040313046d6f6f6e')],
    ['length of four octets', octetsOf('3084ffffffff')],
    ['embedded NUL', octetsOf('3010310e300c0603550403 13056d6f6f6e00')],
    ['nested 1000 times', octetsOf('3000'.repeat(1000))],
    ['65 attributes', octetsOf(`308202cb${'3109300706035504031300'.repeat(65)}`)],
  ])('name with %s is nobody but itself', (_, data) => {
    const hostile: Identity = { type: 9, data };
    expect(equalIdentity(id('CN=moon'), hostile)).toBe(false);
    for (const matching of ['strict', 'reordered', 'relaxed'] as const)
      expect(matchIdentity(id('CN=moon'), hostile, matching)).toBe(0);
    expect(printIdentity(hostile)).toMatch(/^[\x20-\x7e]*$/);
    expect(equalIdentity(hostile, { type: 9, data: data.slice() })).toBe(true);
  });

  test('a name of 64 attributes is one', () => {
    const data = octetsOf(`308202c0${'3109300706035504031300'.repeat(64)}`);
    expect(printIdentity({ type: 9, data }).split(', ')).toHaveLength(64);
  });

  test('NUL, newline, escape sequence, % and bad UTF-8 are shown as ? or as they are, and match nothing', () => {
    const fqdn = (text: string | Uint8Array): Identity => ({
      type: 2,
      data: typeof text === 'string' ? utf8(text) : text,
    });
    expect(printIdentity(fqdn('moon\0.evil'))).toBe('moon?.evil');
    expect(printIdentity(fqdn('a\nb\r\t'))).toBe('a?b??');
    expect(printIdentity(fqdn('\u001b[2J%s%n'))).toBe('?[2J%s%n');
    expect(printIdentity(fqdn(Uint8Array.of(0xff, 0xc0, 0x80)))).toBe('???');
    const withNul = fqdn('moon\0');
    expect(matchIdentity(id('moon'), withNul, 'strict')).toBe(0);
    expect(matchIdentity(id('*.example.org'), fqdn('x\0.example.org'), 'strict')).toBe(0);
    expect(matchIdentity(withNul, withNul, 'strict')).toBe(0);
    expect(equalIdentity(id('moon'), withNul)).toBe(false);
    // Only A to Z fold: É and é of Latin-1 are different octets.
    expect(equalIdentity(fqdn(Uint8Array.of(0xc9)), fqdn(Uint8Array.of(0xe9)))).toBe(false);
    expect(identityKey(fqdn(Uint8Array.of(0xc9)))).not.toBe(identityKey(fqdn(Uint8Array.of(0xe9))));
  });

  test('a name of 4 KiB and one of 60 000 octets take no noticeable time', () => {
    for (const size of [4096, 60_000]) {
      const data = concatBytes(octetsOf('3083ffffff'), new Uint8Array(size).fill(0x31));
      expect(printIdentity({ type: 9, data })).toBe('(invalid ID_DER_ASN1_DN)');
      expect(printIdentity({ type: 11, data })).toHaveLength(data.length * 3 - 1);
    }
  });
});
