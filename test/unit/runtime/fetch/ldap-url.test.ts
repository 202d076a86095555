import { expect, test } from 'vitest';
import { readLdapUrl } from '../../../../daemon/runtime/fetch/ldap-url.ts';

const USUAL = ['certificateRevocationList;binary', 'cACertificate;binary'];

test('an LDAP URL of RFC 4516 section 4', () => {
  expect(
    readLdapUrl(new URL('ldap://a.example:389/cn=CA%201,o=x%20y?certificateRevocationList;binary')),
  ).toEqual({
    base: 'cn=CA 1,o=x y',
    attributes: ['certificateRevocationList;binary'],
    scope: 'base',
    filter: '(objectClass=*)',
  });
});

test('a URL of Active Directory, with a filter without parentheses', () => {
  const url =
    'ldap://a.example/CN=x,CN=CDP?certificateRevocationList?base?objectClass=cRLDistributionPoint';
  expect(readLdapUrl(new URL(url))).toMatchObject({
    base: 'CN=x,CN=CDP',
    attributes: ['certificateRevocationList'],
    filter: '(objectClass=cRLDistributionPoint)',
  });
});

test('without attributes CRLs and CA certificates are asked for', () => {
  expect(readLdapUrl(new URL('ldap://a.example/o=x'))).toMatchObject({ attributes: USUAL });
  expect(readLdapUrl(new URL('ldap://a.example/o=x??sub?(cn=a)'))).toMatchObject({
    attributes: USUAL,
    scope: 'sub',
    filter: '(cn=a)',
  });
});

test.each([
  ['ldap:///o=x', 'names no server'],
  ['ldap://a/o=x?a?base?f?e?more', 'too many parts'],
  ['ldap://a/o=x??base?(a=b)?!critical', 'extension'],
  ['ldap://a/o=x?a,b,c,d,e,f,g,h,i', 'too many attributes'],
  ['ldap://a/o=x?a%00b', 'no attribute'],
  ['ldap://a/o=x??tree', 'scope'],
])('%s is refused', (url, reason) => {
  expect(readLdapUrl(new URL(url))).toEqual(expect.stringContaining(reason));
});
