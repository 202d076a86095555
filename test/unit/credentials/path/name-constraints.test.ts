import { describe, expect, test } from 'vitest';
import type { PathFailure } from '../../../../daemon/credentials/path/failure.ts';
import { NameConstraints } from '../../../../daemon/credentials/path/name-constraints.ts';
import { nameOf } from '../../../support/build-x509.ts';
import { PathSetup } from '../../../support/path-setup.ts';
import { caExtension, issue, generalName as name } from '../../../support/test-pki.ts';

const { dns, email, uri, ip, directory } = name;

type Names = readonly Uint8Array[];

function check(
  permitted: Names,
  excluded: Names,
  names: Names,
  subject: string | Uint8Array = 'moon',
): PathFailure | undefined {
  const ca = issue({
    subject: 'ca',
    ca: true,
    extensions: [caExtension.nameConstraints(permitted, excluded)],
  });
  const constraints = new NameConstraints();
  return (
    constraints.add(ca.certificate) ??
    constraints.check(issue({ subject, issuer: ca, names }).certificate)
  );
}

const isPermitted = (constraint: Uint8Array, one: Uint8Array): boolean =>
  check([constraint], [], [one]) === undefined;
const isExcluded = (constraint: Uint8Array, one: Uint8Array): boolean =>
  check([], [constraint], [one]) !== undefined;

const uk = (organization: string, ...more: readonly string[]): Uint8Array =>
  nameOf(['2.5.4.6', 'GB'], ['2.5.4.10', organization], ...more);

describe('SEC-50: name constraints', () => {
  // constraint, name, inside if permitted, inside if excluded
  test.each([
    ['example.org', 'example.org', true, true],
    ['example.org', 'vpn.example.org', true, true],
    ['example.org', 'a.b.example.org', true, true],
    ['example.org', 'VPN.Example.ORG', true, true],
    ['EXAMPLE.org', 'vpn.example.org', true, true],
    ['example.org', 'vpn.example.org.', true, true],
    ['example.org.', 'vpn.example.org', true, true],
    ['example.org', 'badexample.org', false, false],
    ['example.org', 'example.org.evil.net', false, false],
    ['vpn.example.org', 'example.org', false, false],
    ['.example.org', 'vpn.example.org', true, true],
    ['.example.org', 'example.org', false, true],
    ['', 'anything.net', true, true],
    // other scripts: encoded labels are labels like others
    ['xn--bcher-kva.example', 'VPN.XN--Bcher-KVA.example', true, true],
    // what a wildcard may stand for counts
    ['example.org', '*.example.org', true, true],
    ['vpn.example.org', '*.example.org', false, true],
    ['vpn.example.org', '*.example.net', false, false],
    // nothing that could be compared: neither permitted nor beside an excluded subtree
    ['example.org', 'vpn.example.org\u0000.evil.net', false, true],
    ['example.org', 'vpn example.org', false, true],
    ['example.org', 'v*n.example.org', false, true],
    ['example.org', '', false, true],
    ['exa mple.org', 'vpn.net', false, true],
  ])('host names: %j and %j', (constraint, one, permitted, excluded) => {
    expect(isPermitted(dns(constraint), dns(one))).toBe(permitted);
    expect(isExcluded(dns(constraint), dns(one))).toBe(excluded);
  });

  test('other scripts that are not encoded make a certificate unreadable', () => {
    const names = [dns('bücher.example.org')];
    expect(() => issue({ subject: 'moon', names })).toThrow(/dNSName: octet c3, which is not IA5/);
  });

  test.each([
    ['example.org', 'bob@example.org', true, true],
    ['example.org', 'bob@EXAMPLE.org', true, true],
    ['example.org', 'bob@mail.example.org', false, false],
    ['.example.org', 'bob@mail.example.org', true, true],
    ['.example.org', 'bob@example.org', false, false],
    ['bob@example.org', 'bob@Example.org', true, true],
    ['bob@example.org', 'alice@example.org', false, false],
    // a mailbox may be told apart by case, but nobody may escape by it
    ['bob@example.org', 'Bob@example.org', false, true],
    ['example.org', 'bob@evil.net@example.org', true, true],
    ['example.org', 'bob', false, true],
    ['example.org', '@example.org', false, true],
    ['example.org', 'bob@', false, true],
  ])('mailboxes: %j and %j', (constraint, one, permitted, excluded) => {
    expect(isPermitted(email(constraint), email(one))).toBe(permitted);
    expect(isExcluded(email(constraint), email(one))).toBe(excluded);
  });

  test.each([
    ['example.org', 'https://example.org/path', true, true],
    ['example.org', 'https://bob@EXAMPLE.ORG:8443', true, true],
    ['example.org', 'https://www.example.org', false, false],
    ['.example.org', 'https://www.example.org/?x=.evil', true, true],
    ['.example.org', 'https://example.org', false, false],
    ['example.org', 'https://evil.net/@example.org', false, false],
    ['example.org', 'urn:example.org', false, true],
    ['example.org', 'https://192.0.2.1/', false, true],
    ['example.org', 'https://[2001:db8::1]/', false, true],
    ['example.org', 'https://example.org@', false, true],
  ])('URIs: %j and %j', (constraint, one, permitted, excluded) => {
    expect(isPermitted(uri(constraint), uri(one))).toBe(permitted);
    expect(isExcluded(uri(constraint), uri(one))).toBe(excluded);
  });

  test.each([
    ['c0000200ffffff00', 'c0000201', true, true],
    ['c0000200ffffff00', 'c0000301', false, false],
    ['0000000000000000', 'c0000201', true, true],
    ['c0000200ffffff00', '20010db8000000000000000000000001', false, false],
    [
      '20010db8000000000000000000000000ffffffff000000000000000000000000',
      '20010db8000000000000000000000001',
      true,
      true,
    ],
  ])('addresses: %j and %j', (constraint, one, permitted, excluded) => {
    expect(isPermitted(ip(constraint), ip(one))).toBe(permitted);
    expect(isExcluded(ip(constraint), ip(one))).toBe(excluded);
  });

  test('directory names by their first RDNs, whatever case, blanks and string types are', () => {
    const constraint = directory(uk('Acme Works'));
    const inside = uk('ACME   works', 'moon');
    expect(check([constraint], [], [], inside)).toBeUndefined();
    expect(check([], [constraint], [], inside)).toBeDefined();
    for (const outside of [uk('Acme', 'moon'), nameOf('moon'), nameOf(['2.5.4.6', 'GB'])]) {
      expect(check([constraint], [], [], outside)?.alert).toBe('cert-policy-violation');
      expect(check([], [constraint], [], outside)).toBeUndefined();
    }
    expect(check([constraint], [], [directory(uk('Other'))], inside)?.reason).toContain('Other');
    expect(check([], [constraint], [directory(inside)], nameOf('moon'))).toBeDefined();
  });

  test('e-mail addresses of the subject count as such', () => {
    const subject = nameOf(['1.2.840.113549.1.9.1', 'bob@evil.net'], 'moon');
    expect(check([email('example.org')], [], [], subject)?.reason).toContain(`'bob@evil.net'`);
    expect(check([], [email('evil.net')], [email('bob@example.org')], subject)).toBeDefined();
  });

  test('names of another kind are not constrained', () => {
    expect(check([dns('example.org')], [], [email('bob@evil.net')])).toBeUndefined();
    expect(check([], [dns('example.org')], [uri('https://example.org')])).toBeUndefined();
  });

  test('constraints of an unknown kind are refused', () => {
    for (const failure of [
      check([name.registeredId()], [], []),
      check([dns('example.org')], [name.registeredId()], [dns('example.org')]),
    ])
      expect(failure).toEqual({
        alert: 'cert-validation-failed',
        reason: '"CN=ca" constrains names of a kind that is not supported',
      });
  });

  test('every CA of a chain must permit a name, and its own names must be permitted', async () => {
    const { nameConstraints } = caExtension;
    const root = issue({
      subject: 'root',
      ca: true,
      extensions: [nameConstraints([dns('example.org')])],
    });
    const sub = issue({
      subject: 'sub',
      issuer: root,
      ca: true,
      extensions: [nameConstraints([dns('vpn.example.org'), dns('evil.net')])],
    });
    const all = new PathSetup();
    all.source.load('CA', [root.certificate]);
    const judge = async (host: string): Promise<unknown> => {
      const moon = issue({ subject: 'moon', issuer: sub, names: [dns(host)] });
      return (await all.path(moon.certificate, sub.certificate)).reason;
    };
    expect(await judge('a.vpn.example.org')).toBeUndefined();
    expect(await judge('www.example.org')).toContain(`'www.example.org' is not in`);
    expect(await judge('evil.net')).toContain(`'evil.net' is not in`);
    const named = issue({ subject: 'x', issuer: root, ca: true, names: [dns('evil.net')] });
    const below = issue({ subject: 'moon', issuer: named });
    expect((await all.path(below.certificate, named.certificate)).reason).toContain('"CN=x"');
  });

  test('comparisons are limited', () => {
    const many = (count: number, text: string): Names =>
      Array.from({ length: count }, (_, i) => dns(`${text}${i}.example.org`));
    const failure = check([], many(600, 'x'), many(600, 'y'));
    expect(failure?.reason).toContain('more than 262144 comparisons');
  });
});
