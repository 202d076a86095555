import { expect, test } from 'vitest';
import { convertConf } from '../../../../daemon/cli/ipsec/conn-sections.ts';
import { readIpsecConf } from '../../../../daemon/cli/ipsec/ipsec-conf.ts';
import { migrate } from '../../../../daemon/cli/ipsec/migrate.ts';
import type { ConfSection } from '../../../../daemon/config/conf-tree.ts';
import { OperatorMemoryFiles } from '../../../support/operator-memory-files.ts';

const HOST = { folder: '/etc/ipsec.d', isOwnAddress: (address: string) => address === '192.0.2.1' };

function read(text: string, more: Readonly<Record<string, string>> = {}) {
  return readIpsecConf(
    '/etc/ipsec.conf',
    new OperatorMemoryFiles({ '/etc/ipsec.conf': text, ...more }),
  );
}

function plain({ values, sections }: ConfSection): object {
  return {
    ...Object.fromEntries([...values].map(([name, { text }]) => [name, text])),
    ...Object.fromEntries([...sections].map(([name, inner]) => [name, plain(inner)])),
  };
}

function connections(text: string): Record<string, never> {
  return plain(convertConf(read(text), HOST).connections) as Record<string, never>;
}

test('sections inherit by also= and %default, own values win, empty ones are the built-in default again', () => {
  const { conns } = read(`
conn %default
  left=192.0.2.1
  ikelifetime=1h
conn a
  also=b # a comment
  right=192.0.2.9
  ikelifetime=
conn b
  right=192.0.2.8
  leftid="C=CH, O=\\"Lab\\" # no comment"
`);
  const values = (name: string) =>
    Object.fromEntries(
      [...(conns.find((conn) => conn.name === name)?.values ?? [])].map(([key, { text }]) => [
        key,
        text,
      ]),
    );
  expect(values('a')).toEqual({
    left: '192.0.2.1',
    right: '192.0.2.9',
    leftid: 'C=CH, O="Lab" # no comment',
  });
  expect(values('b')).toMatchObject({ right: '192.0.2.8', ikelifetime: '1h' });
  expect(conns.map(({ name }) => name)).toEqual(['a', 'b']);
});

test('files are included, relative to the one that names them', () => {
  const { conns } = read('include conf.d/*.conf\n', {
    '/etc/conf.d/1.conf': 'conn one\n  auto=add\n',
    '/etc/conf.d/2.conf': 'conn two\n  auto=add\n',
  });
  expect(conns.map(({ name }) => name)).toEqual(['one', 'two']);
});

test.each([
  [
    'conn a\n  lefft=1\n',
    "/etc/ipsec.conf:2:3: unknown keyword 'lefft' in a conn section, did you mean 'left'?",
  ],
  ['conn a\n  aggressive=yes\n', "/etc/ipsec.conf:2:3: 'aggressive' belongs to IKEv1"],
  ['  left=1\n', '/etc/ipsec.conf:1:3: a setting outside of any section'],
  ['conn a\n  left\n', "/etc/ipsec.conf:2:3: found 'left', expected keyword=value"],
  ['con a\n', "/etc/ipsec.conf:1:1: found 'con', expected config setup, conn, ca or include"],
  ['config x\n', "found 'config x', expected config setup"],
  ['conn a\n  also=b\n', 'also=b: there is no conn b'],
  ['conn a\n  also=b\nconn b\n  also=a\n', 'sections inherit each other in a circle'],
  ['conn a\n  leftid="x\n', 'a quoted value without its closing quote'],
  ['include /etc/ipsec.conf\n', 'is included by itself'],
])('%j is refused', (text, message) => {
  expect(() => read(text)).toThrow(message);
});

test.each([
  ['keyexchange=ikev1', 'keyexchange: found ikev1, which this daemon does not speak'],
  ['authby=xauthpsk', "authby: found 'xauthpsk', which belongs to IKEv1"],
  ['type=funny', "type: found 'funny', expected one of tunnel, transport"],
  ['lifetime=1w', "lifetime: found '1w', expected a time"],
  ['rekeyfuzz=50', "rekeyfuzz: found '50', expected per cent"],
  ['keyingtries=often', "keyingtries: found 'often', expected a number"],
  ['leftcert=%smartcard:1', "leftcert: found '%smartcard:1': smartcards are not supported"],
])('a conn with %s is refused with its place', (line, message) => {
  expect(() => connections(`conn a\n  auto=add\n  ${line}\n`)).toThrow(
    `/etc/ipsec.conf:3:3: ${message}`,
  );
});

test('the side whose address is ours is local', () => {
  const { a, b } = connections(`
conn a
  auto=add
  authby=psk
  left=192.0.2.9
  right=192.0.2.1
  leftid=them
  rightid=us
  leftsubnet=10.2.0.0/16
conn b
  auto=add
  left=192.0.2.7
  right=192.0.2.8
`);
  expect(a).toMatchObject({
    local_addrs: '192.0.2.1',
    remote_addrs: '192.0.2.9',
    local: { auth: 'psk', id: 'us' },
    remote: { auth: 'psk', id: 'them' },
    children: { a: { remote_ts: '10.2.0.0/16' } },
  });
  expect(b).toMatchObject({ local_addrs: '192.0.2.7', remote_addrs: '192.0.2.8' });
});

test('conns with equal IKE parts become children of the first; those that are ignored are left out', () => {
  const all = connections(`
conn %default
  left=192.0.2.1
  right=192.0.2.9
conn a
  leftsubnet=10.1.0.0/16
  auto=start
conn b
  leftsubnet=10.3.0.0/16
  auto=route
conn c
  right=192.0.2.8
  auto=add
conn d
  auto=ignore
`);
  expect(Object.keys(all)).toEqual(['a', 'c']);
  expect(all['a']).toMatchObject({
    children: {
      a: { local_ts: '10.1.0.0/16', start_action: 'start' },
      b: { local_ts: '10.3.0.0/16', start_action: 'trap' },
    },
  });
});

test('lifetimes follow from lifetime, margintime and rekeyfuzz', () => {
  const { a, b, c } = connections(`
conn %default
  auto=add
conn a
conn b
  ikelifetime=2h
  lifetime=30m
  margintime=5m
  rekeyfuzz=50%
  reauth=no
conn c
  rekey=no
`);
  expect(a).toMatchObject({
    reauth_time: '10260s',
    rekey_time: '0s',
    over_time: '540s',
    rand_time: '540s',
    unique: 'replace',
    keyingtries: '3',
    children: { a: { life_time: '3600', rekey_time: '3060', rand_time: '540' } },
  });
  expect(b).toMatchObject({
    reauth_time: '0s',
    rekey_time: '6900s',
    rand_time: '150s',
    children: { b: { life_time: '1800', rekey_time: '1500', rand_time: '150' } },
  });
  expect(c).toMatchObject({
    reauth_time: '0s',
    rekey_time: '0s',
    children: { c: { rekey_time: '0', life_time: '0' } },
  });
});

test('rounds, certificates, pools and proposals', () => {
  const converted = convertConf(
    read(`
config setup
  strictcrlpolicy=ifuri
conn rw
  auto=add
  right=%any
  leftcert=moon.pem
  leftauth2=psk
  leftid2=second
  rightca="C=CH, CN=ca"
  rightcertpolicy=1.2.3
  rightgroups=admins
  leftsendcert=always
  rightsendcert=never
  rightsourceip=10.9.0.0/24,%named
  rightdns=10.1.1.1
  ike=aes256-sha256-modp2048!
  esp=aes256gcm16
  mark=42
  tfc=%mtu
  closeaction=hold
ca lab
  auto=add
  cacert=ca.pem
  crluri=http://a/1
  crluri2=http://a/2
`),
    HOST,
  );
  expect(plain(converted.connections)).toMatchObject({
    rw: {
      proposals: 'aes256-sha256-modp2048',
      send_cert: 'always',
      send_certreq: 'no',
      pools: '10.9.0.0/24, named',
      local: { auth: 'pubkey', certs: '/etc/ipsec.d/certs/moon.pem' },
      'local-2': { auth: 'psk', id: 'second', round: '2' },
      remote: {
        auth: 'pubkey',
        ca_id: 'C=CH, CN=ca',
        cert_policy: '1.2.3',
        groups: 'admins',
        revocation: 'ifuri',
      },
      children: {
        rw: {
          esp_proposals: 'aes256gcm16, default',
          mark_in: '42',
          mark_out: '42',
          tfc_padding: 'mtu',
          close_action: 'trap',
        },
      },
    },
  });
  expect(plain(converted.pools)).toEqual({
    '10.9.0.0/24': { addrs: '10.9.0.0/24', dns: '10.1.1.1' },
  });
  expect(plain(converted.authorities)).toEqual({
    lab: { cacert: '/etc/ipsec.d/cacerts/ca.pem', crl_uris: 'http://a/1, http://a/2' },
  });
});

test('migrating writes a swanctl.conf, secrets as hexadecimal', () => {
  const files = new OperatorMemoryFiles({
    '/etc/ipsec.conf': 'conn a\n  auto=add\n  authby=psk\n  leftid="C=CH, O=a # b"\n  pfs=no\n',
    '/etc/ipsec.secrets': 'a @b : PSK "x y"\n: RSA key.pem "pass"\n',
  });
  const { text, problems } = migrate(
    { conf: '/etc/ipsec.conf', secrets: '/etc/ipsec.secrets', host: HOST },
    files,
  );
  expect(text).toContain('      id = "C=CH, O=a # b"\n');
  expect(text).toContain('  ike-1 {\n    id-1 = a\n    id-2 = @b\n    secret = 0x782079\n  }\n');
  expect(text).toContain('  rsa-2 {\n    file = key.pem\n    secret = pass\n  }\n');
  expect(problems).toEqual([
    "/etc/ipsec.conf:5:3: 'pfs' is deprecated and has no effect",
    "copy private key file 'key.pem' to the folder rsa of swanctl.conf",
  ]);
});
