import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseIdentity, printIdentity } from '../../../daemon/proto/identity-text.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';
import { ConfigError } from '../../../daemon/util/error.ts';
import { hex, octetsOf } from '../../support/hex.ts';
import { hasSharedData, sharedData } from '../../support/shared-data.ts';

const parse = (text: string) => parseIdentity(text, { allowRegex: false });
const ascii = (text: string): string => hex(utf8(text));

describe('parseIdentity, by the first rule that applies', () => {
  test.each([
    // 1: prefixes take the rest verbatim or as hexadecimal
    ['ipv4:10.0.0.1', 1, ascii('10.0.0.1'), '(invalid ID_IPV4_ADDR)'],
    ['ipv4:#0a000001', 1, '0a000001', '10.0.0.1'],
    [
      'IPv6:#20010db8000000000000000000000001',
      5,
      '20010db8000000000000000000000001',
      '2001:db8::1',
    ],
    ['ipv4net:#0a000000ff000000', 4, '0a000000ff000000', '10.0.0.0/8'],
    ['ipv4range:#0a0000010a000009', 7, '0a0000010a000009', '10.0.0.1-10.0.0.9'],
    ['rfc822:moon', 3, ascii('moon'), 'moon'],
    ['email:a@b', 3, ascii('a@b'), 'a@b'],
    ['userfqdn:a@b', 3, ascii('a@b'), 'a@b'],
    ['fqdn:10.0.0.1', 2, ascii('10.0.0.1'), '10.0.0.1'],
    ['DNS:moon', 2, ascii('moon'), 'moon'],
    ['fqdn:', 2, '', ''],
    ['fqdn:#6d6f6f6e', 2, ascii('moon'), 'moon'],
    ['asn1dn:#3000', 9, '3000', ''],
    ['asn1dn:CN=moon', 9, ascii('CN=moon'), '(invalid ID_DER_ASN1_DN)'],
    ['asn1gn:#82046d6f6f6e', 10, '82046d6f6f6e', '(ASN.1 general name)'],
    ['xmppaddr:a@b', 10, 'a01106082b06010505070805a0050c03614062', '(ASN.1 general name)'],
    ['keyid:moon', 11, ascii('moon'), 'moon'],
    ['keyid:#01ff', 11, '01ff', '01:ff'],
    [
      'keyid:12345678901234567890',
      11,
      ascii('12345678901234567890'),
      ascii('12345678901234567890').replace(/..(?=.)/g, '$&:'),
    ],
    ['uri:http://x', 201, ascii('http://x'), 'http://x'],
    // 2: numeric types
    ['{2}:moon', 2, ascii('moon'), 'moon'],
    ['{0x02}:moon', 2, ascii('moon'), 'moon'],
    ['{13}:', 13, '', '%null'],
    ['{200}:#0001', 200, '0001', '(unknown ID type: 200)'],
    // 3: distinguished names, else key ids
    ['CN=moon', 9, '300f310d300b060355040313046d6f6f6e', 'CN=moon'],
    ['XY=moon', 11, ascii('XY=moon'), 'XY=moon'],
    ['user=x@host', 11, ascii('user=x@host'), 'user=x@host'],
    // 4: any
    ['', 0, '', '%any'],
    ['%any', 0, '', '%any'],
    ['%any6', 0, '', '%any'],
    ['0.0.0.0', 0, '', '%any'],
    ['*', 0, '', '%any'],
    ['::', 0, '', '%any'],
    ['0::0', 0, '', '%any'],
    // 5 and 6: addresses, subnets, ranges; else FQDN or key id
    ['10.0.0.1', 1, '0a000001', '10.0.0.1'],
    ['10.0.0.0/8', 4, '0a000000ff000000', '10.0.0.0/8'],
    ['0.0.0.0/0', 4, '0000000000000000', '0.0.0.0/0'],
    ['10.0.0.1-10.0.0.9', 7, '0a0000010a000009', '10.0.0.1-10.0.0.9'],
    ['2001:db8::1', 5, '20010db8000000000000000000000001', '2001:db8::1'],
    ['2001:db8::/33', 6, `20010db8${'00'.repeat(12)}ffffffff80${'00'.repeat(11)}`, '2001:db8::/33'],
    ['::1-::9', 8, `${'00'.repeat(15)}01${'00'.repeat(15)}09`, '::1-::9'],
    ['moon.example.org', 2, ascii('moon.example.org'), 'moon.example.org'],
    ['*.example.org', 2, ascii('*.example.org'), '*.example.org'],
    ['10.0.0.0/33', 2, ascii('10.0.0.0/33'), '10.0.0.0/33'],
    ['10.0.0.256', 2, ascii('10.0.0.256'), '10.0.0.256'],
    ['moon', 2, ascii('moon'), 'moon'],
    ['moon:500', 11, ascii('moon:500'), 'moon:500'],
    ['::/129', 11, ascii('::/129'), '::/129'],
    // 7 to 10
    ['@#6d6f', 11, ascii('mo'), 'mo'],
    ['@@moon', 3, ascii('moon'), 'moon'],
    ['@moon', 2, ascii('moon'), 'moon'],
    ['@10.0.0.1', 2, ascii('10.0.0.1'), '10.0.0.1'],
    ['carol@example.org', 3, ascii('carol@example.org'), 'carol@example.org'],
    ['carol@[::1]', 3, ascii('carol@[::1]'), 'carol@[::1]'],
  ])('%s', (text, type, data, printed) => {
    const identity = parse(text);
    expect(hex(identity.data)).toBe(data);
    expect(identity.type).toBe(type);
    expect(identity.pattern).toBeUndefined();
    expect(printIdentity(identity)).toBe(printed);
  });

  test.each([
    'fqdn:#1',
    'fqdn:#zz',
    'keyid:#012',
    '@#xy',
    '{2}:#1',
    '{256}:x',
    'müller',
    'a\u0000b',
    'a\nb',
  ])('rejects %j', (text) => expect(() => parse(text)).toThrow(ConfigError));

  test('an error names the option and shows nothing that could fool a terminal', () => {
    expect(() => parseIdentity('\u001b[31mred', { allowRegex: false, path: 'remote.id' })).toThrow(
      expect.objectContaining({
        path: 'remote.id',
        message: "identity '?[31mred': only printable ASCII characters are allowed",
      }),
    );
  });
});

describe('distinguished names', () => {
  test.each([
    ['C=CH, O=Lab Org, CN=moon', 'C=CH, O=Lab Org, CN=moon'],
    ['c = CH ,o=  Lab Org  ,cn=moon', 'C=CH, O=Lab Org, CN=moon'],
    ['/C=CH/O=A, B/CN=moon', 'C=CH, O=A, B, CN=moon'],
    ['O="quoted", CN=a=b', 'O="quoted", CN=a=b'],
    ['CN=', 'CN='],
    ['CN=a, ', 'CN=a'],
    ['/CN=a/', 'CN=a'],
    ['CN=a;O=b', 'CN=a;O=b'],
    ['emailAddress=a@b, Email=c@d, E=e@f', 'E=a@b, E=c@d, E=e@f'],
    ['unstructuredName=x, unstructuredAddress=y, employeeNumber=z', 'UN=x, UA=y, EN=z'],
    [
      'serialNumber=1, SN=Surname, UID=u, DC=d, ST=s, STREET=t',
      'serialNumber=1, SN=Surname, UID=u, DC=d, ST=s, STREET=t',
    ],
    [
      'ND=a, OU=b, organizationIdentifier=c, T=d, D=e, postalAddress=f, postalCode=g',
      'ND=a, OU=b, organizationIdentifier=c, T=d, D=e, postalAddress=f, postalCode=g',
    ],
    [
      'N=a, G=b, I=c, dnQualifier=d, dmdName=e, pseudonym=f, ID=g, TCGID=h, L=i',
      'N=a, G=b, I=c, dnQualifier=d, dmdName=e, pseudonym=f, ID=g, TCGID=h, L=i',
    ],
  ])('%s', (text, printed) => {
    const identity = parse(text);
    expect(identity.type).toBe(9);
    expect(printIdentity(identity)).toBe(printed);
  });

  test('string types: PrintableString where it can hold the value, IA5String for e-mail', () => {
    expect(hex(parse('O=A*').data)).toBe('300d310b3009060355040a0c02412a');
    expect(hex(parse('O=A').data)).toBe('300c310a3008060355040a130141');
    expect(hex(parse('E=A').data)).toBe('30123110300e06092a864886f70d010901160141');
    expect(hex(parse('UN=A').data)).toBe('30123110300e06092a864886f70d010902160141');
    expect(hex(parse('DC=A').data)).toContain('130141');
  });

  test.each([
    'CN=a,,',
    ',CN=a',
    '/CN=a//',
    'CN=a,,O=b',
    'CN=a, moon',
    '=moon',
    'FOO=bar, CN=moon',
    Array.from({ length: 21 }, () => 'CN=a').join(','),
  ])('%s is a key id', (text) => expect(parse(text).type).toBe(11));

  test('twenty RDNs and long values', () => {
    const twenty = Array.from({ length: 20 }, (_, i) => `CN=${String(i).repeat(50)}`).join(', ');
    expect(printIdentity(parse(twenty))).toBe(twenty);
    const long = `CN=${'x'.repeat(70_000)}`;
    expect(printIdentity(parse(long))).toBe(long);
  });

  test('unknown attributes print as hexadecimal', () => {
    const der = octetsOf('300d310b3009060355047013026869');
    expect(printIdentity({ type: 9, data: der })).toBe('55:04:70=hi');
  });
});

describe('regular expressions', () => {
  const regex = (text: string) => parseIdentity(text, { allowRegex: true });

  test('need a prefix, ^ and $, and to be allowed', () => {
    expect(regex('fqdn:^.*\\.example\\.org$').pattern).toBeInstanceOf(RegExp);
    for (const text of ['^.*$', 'fqdn:^.*', 'fqdn:.*$', 'keyid:^.*$', 'ipv4:^.*$'])
      expect(regex(text).pattern).toBeUndefined();
    expect(parse('fqdn:^.*$').pattern).toBeUndefined();
  });

  test('print without the prefix', () => {
    expect(printIdentity(regex('asn1dn:^CN=.*$'))).toBe('^CN=.*$');
  });

  test('have the type of the prefix', () => {
    expect(regex('rfc822:^a$').type).toBe(3);
    expect(regex('ASN1DN:^a$').type).toBe(9);
  });

  test.each(['fqdn:^($', 'fqdn:^[a$', 'fqdn:^*(?=a)$', 'fqdn:^[[:nope:]]$', 'fqdn:^*$'])(
    'rejects %s',
    (text) => expect(() => regex(text)).toThrow(ConfigError),
  );
});

const IDS = 'fuzz-x509/ids';

describe.skipIf(!hasSharedData(IDS))('fuzzing corpus of identities', () => {
  test('every file is an identity or our own error', () => {
    let parsed = 0;
    for (const name of readdirSync(sharedData(IDS))) {
      const text = readFileSync(sharedData(`${IDS}/${name}`))
        .toString('latin1')
        .trimEnd();
      for (const allowRegex of [true, false])
        try {
          expect(printIdentity(parseIdentity(text, { allowRegex }))).toMatch(/^[\x20-\x7e]*$/);
          parsed++;
        } catch (error) {
          expect(error, name).toBeInstanceOf(ConfigError);
        }
    }
    expect(parsed).toBeGreaterThan(20);
  });
});
