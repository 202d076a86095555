import { expect, test } from 'vitest';
import { check } from '../../../support/check-run.ts';

const GOOD = `connections {
  gw {
    local_addrs = 192.0.2.1
    remote_addrs = 192.0.2.2
    proposals = aes256gcm16-prfsha256-x25519
    local { auth = psk
      id = moon.example.org }
    remote { auth = psk
      id = sun.example.org }
    children { net { local_ts = 10.1.0.0/16
      remote_ts = 10.2.0.0/16
      esp_proposals = aes256gcm16-x25519 } }
  }
}
secrets { ike-gw { id-1 = moon.example.org
  id-2 = sun.example.org
  secret = "correct horse battery staple" } }
`;

/** Findings of a change to the good file, without those of lines that did not change. */
async function changed(from: string, to: string): Promise<readonly string[]> {
  expect(GOOD).toContain(from);
  return (await check({ 'swanctl.conf': GOOD.replace(from, to) })).lines;
}

test('a good configuration has no findings', async () => {
  const { code, lines, summary } = await check({ 'swanctl.conf': GOOD });
  expect(lines).toEqual([]);
  expect(summary).toBe('0 errors, 0 warnings, 0 notes in 1 file');
  expect(code).toBe(0);
});

test('a missing file is an error', async () => {
  const { code, lines } = await check({});
  expect(lines).toEqual(['swanctl.conf:1:1: error: no such file or directory [missing-file]']);
  expect(code).toBe(22);
});

test('warnings alone do not fail', async () => {
  const { code, lines, summary } = await check({ 'swanctl.conf': `${GOOD}conections { }\n` });
  expect(lines).toEqual([
    "swanctl.conf:18:1: warning: conections: nothing reads this section: known are connections, secrets, pools, authorities, others are for sections that inherit them; did you mean 'connections'? [unused-section]",
  ]);
  expect(summary).toBe('0 errors, 1 warning, 0 notes in 1 file');
  expect(code).toBe(0);
});

test('all errors of a connection are found, each in its place', async () => {
  const text = GOOD.replace('local_addrs', 'local_adrs')
    .replace('auth = psk', 'auth = pks')
    .replace('remote_ts = 10.2.0.0/16', 'remote_ts = 10.2.0.0/33\n mode = tunel\n frob = 1')
    .replace('remote {', 'rmote { }\n    remote {');
  const { code, lines } = await check({ 'swanctl.conf': text });
  expect(lines.map((line) => line.replace(/: allowed are version.*$/, ''))).toEqual([
    "swanctl.conf:3:5: error: connections.gw: unknown option: local_adrs, config discarded: did you mean 'local_addrs'? [unknown-option]",
    "swanctl.conf:6:13: error: connections.gw.local: invalid value for: auth, config discarded: 'pks' is none of: psk, pubkey, rsa, ecdsa, ike:..., null; did you mean 'psk'? [invalid-value]",
    'swanctl.conf:8:5: error: connections.gw: invalid section: rmote: allowed are local..., remote... and children [invalid-section]',
    "swanctl.conf:12:7: error: connections.gw.children.net: invalid value for: remote_ts, config discarded: traffic selector '10.2.0.0/33': '/33' is not a prefix length from 0 to 32 [invalid-value]",
    "swanctl.conf:13:2: error: connections.gw.children.net: invalid value for: mode, config discarded: 'tunel' is none of: tunnel, transport, transport_proxy, beet, iptfs, pass, drop; did you mean 'tunnel'? [invalid-value]",
    expect.stringMatching(
      /^swanctl.conf:14:2: error: connections.gw.children.net: unknown option: frob, config discarded: allowed are ah_proposals, esp_proposals, .*icmp \[unknown-option\]$/,
    ),
  ]);
  expect(code).toBe(22);
});

test('values that are inherited are complained of where they are written', async () => {
  const text = `base { local_port = 70000 }\n${GOOD.replace('gw {', 'gw : base {')}`;
  expect((await check({ 'swanctl.conf': text })).lines).toEqual([
    "swanctl.conf:1:8: error: connections.gw: invalid value for: local_port, config discarded: '70000' is none of: a port from 0 to 65535 [invalid-value]",
  ]);
});

test('what is loaded and not obeyed is a warning', async () => {
  expect(await changed('  gw {', '  gw { aggressive = yes\n')).toEqual([
    "swanctl.conf:2:8: warning: connections.gw: 'aggressive = yes' is not yet in effect: it belongs to IKEv1, which this daemon does not speak [not-in-effect]",
  ]);
});

test('weak and missing algorithms', async () => {
  expect(await changed('aes256gcm16-prfsha256-x25519', 'aes256-sha1-x25519, default')).toEqual([
    "swanctl.conf:5:5: warning: connections.gw: proposal 'aes256-sha1-x25519': HMAC_SHA1_96 is weak: SHA-1 is going out of use [weak-algorithm]",
    "swanctl.conf:5:5: warning: connections.gw: proposal 'aes256-sha1-x25519': PRF_HMAC_SHA1 is weak: SHA-1 is going out of use [weak-algorithm]",
  ]);
  expect(await changed('aes256gcm16-x25519', '3des-sha256-x25519')).toEqual([
    "swanctl.conf:12:7: warning: connections.gw.children.net: proposal '3des-sha256-x25519': 3DES_CBC is weak: blocks of 64 bits leak plaintext after some gigabytes [weak-algorithm]",
  ]);
  expect(await changed('aes256gcm16-x25519', 'aes256')).toEqual([
    "swanctl.conf:12:7: warning: connections.gw.children.net: proposal 'aes256' has no integrity algorithm, for example sha256: packets can be changed on their way [missing-algorithm]",
    "swanctl.conf:12:7: note: connections.gw.children.net: proposal 'aes256' has no key exchange method, for example x25519: who learns the keys of the IKE_SA knows those of its children [missing-algorithm]",
  ]);
  expect(await changed('aes256gcm16-prfsha256-x25519', 'aes256gcm16-x25519')).toEqual([
    "swanctl.conf:5:5: error: connections.gw: invalid value for: proposals, config discarded: proposal 'aes256gcm16-x25519': a PRF is missing, for example prfsha256 [invalid-value]",
  ]);
});

const OTHER = (ts: string, more = ''): string =>
  GOOD.replace(
    'secrets {',
    `connections { other { local_addrs = 192.0.2.1
      remote_addrs = 192.0.2.3
      ${more}
      local { auth = psk\n id = moon.example.org }
      remote { auth = psk\n id = sun.example.org }
      children { two { local_ts = 10.1.0.0/16
        remote_ts = ${ts}\n } } } }\nsecrets {`,
  );

test.each([
  ['10.2.0.0/16', 'warning', '10.1.0.0/16 to 10.2.0.0/16): only one of them gets them'],
  ['10.2.3.0/24', 'note', 'to 10.2.3.0/24): the one with the narrower selectors gets them'],
  ['10.3.0.0/16, 10.1.0.0-10.2.0.9', 'warning', 'depends on the order in which they come up'],
])('selectors of another connection that overlap: %s', async (ts, severity, end) => {
  const { lines } = await check({ 'swanctl.conf': OTHER(ts) });
  expect(lines).toEqual([
    expect.stringMatching(
      /^swanctl.conf:\d+:18: \w+: connections.other.children.two: takes packets that child 'net' of connection 'gw' takes too .* \[overlap\]$/,
    ),
  ]);
  expect(lines[0]).toContain(`: ${severity}: `);
  expect(lines[0]).toContain(end);
});

test.each([
  ['other addresses', OTHER('10.3.0.0/16')],
  ['another protocol', OTHER('10.2.0.0/16[tcp]').replace('10.2.0.0/16\n', '10.2.0.0/16[udp]\n')],
  ['another interface', OTHER('10.2.0.0/16', 'if_id_out = 7')],
  ['an exception', OTHER('10.2.0.0/16\n mode = drop')],
  ['another priority', OTHER('10.2.0.0/16\n priority = 100')],
])('selectors that do not overlap: %s', async (_, text) => {
  expect((await check({ 'swanctl.conf': text })).lines).toEqual([]);
});

test('pools that nobody names, that do not exist, that share addresses', async () => {
  const text = `${GOOD.replace('gw {', 'gw { pools = roam, rom\n')}pools { roam { addrs = 10.9.0.0/24 }
  rim { addrs = 10.9.0.128/25 } }\n`;
  expect((await check({ 'swanctl.conf': text })).lines).toEqual([
    "swanctl.conf:2:8: warning: connections.gw: there is no pool 'rom': nobody gets an address of it; did you mean 'roam'? [missing-pool]",
    'swanctl.conf:20:3: warning: pools.rim: no connection names this pool: nobody gets an address of it [unused-section]',
    "swanctl.conf:20:9: warning: pools.rim: shares addresses with pool 'roam': two peers may get the same one [overlap]",
  ]);
});

test('secrets that no connection can use, and connections without secret', async () => {
  expect(await changed('id-2 = sun', 'id-2 = son')).toEqual([]);
  expect(await changed('id-1 = moon.example.org\n  id-2 = sun', 'id-2 = son')).toEqual([
    "swanctl.conf:6:5: warning: connections.gw: no secret of section 'ike…' of secrets fits moon.example.org and sun.example.org: authentication will fail [missing-secret]",
    'swanctl.conf:15:11: warning: secrets.ike-gw: no connection can use it: none authenticates with auth = psk as or with one of its owners [unused-secret]',
  ]);
  expect(await changed('secrets {', 'secrets { ppk-x { secret = 0s&&& }\n')).toEqual([
    'swanctl.conf:15:11: warning: secrets.ppk-x: no connection can use it: none has a ppk_id that is one of its owners [unused-secret]',
    'swanctl.conf:15:19: warning: secrets.ppk-x: begins like base64 and is none: it is taken as text [secret-encoding]',
  ]);
  // Whoever has no identity may be anybody.
  const anybody = GOOD.replace('id = sun.example.org', '').replace('id-1 = moon', 'id-1 = mars');
  expect((await check({ 'swanctl.conf': anybody })).lines).toEqual([]);
});

test('secrets never stand in a finding', async () => {
  const secret = '0x6hunter2';
  const text = GOOD.replace('"correct horse battery staple"', secret);
  const { stdout } = await check({ 'swanctl.conf': text });
  expect(stdout).toContain('begins like hexadecimal');
  expect(stdout).not.toContain('hunter2');
});

test('sections that are nothing, and keys between sections', async () => {
  const text = `x = 1\n${GOOD}connections { y = 2 }\nsecrets { iek-2 { secret = a } }
pools : nowhere.else { }\n`;
  const { code, lines } = await check({ 'swanctl.conf': text });
  expect(lines).toEqual([
    "swanctl.conf:1:1: warning: 'x' stands outside of all sections and is ignored [ignored]",
    "swanctl.conf:19:15: warning: connections: 'y' stands between the sections of 'connections' and is ignored [ignored]",
    "swanctl.conf:20:11: error: secrets.iek-2: no kind of secret: names begin with ike, eap, ppk, ntlm, private, rsa, ecdsa, pkcs8, pkcs12; did you mean 'ike'? [unknown-secret]",
    "swanctl.conf:21:9: warning: there is no section 'nowhere.else', nothing is inherited [missing-reference]",
  ]);
  expect(code).toBe(22);
});

test('includes: empty ones, keys and sections that stand twice', async () => {
  const { lines, summary } = await check({
    'swanctl.conf': `${GOOD}include conf.d/*.conf\ninclude other.conf\ninclude more.conf\ninclude no*\n`,
    'more.conf': 'connections { gw { version = 0\n version = 2 }\n gw { mobike = no } }',
  });
  expect(lines).toEqual([
    "swanctl.conf:18:1: note: nothing is included: no file matches 'conf.d/*.conf' [empty-include]",
    "swanctl.conf:19:1: warning: nothing is included: no file matches 'other.conf' [empty-include]",
    "swanctl.conf:21:1: note: nothing is included: no file matches 'no*' [empty-include]",
    'more.conf:1:15: note: connections.gw: continues the section of the same name at swanctl.conf:2:3: both are one [duplicate-section]',
    "more.conf:2:2: warning: connections.gw: 'version' is set again: what was set at more.conf:1:20 has no effect [duplicate-key]",
    'more.conf:3:2: note: connections.gw: continues the section of the same name at swanctl.conf:2:3: both are one [duplicate-section]',
  ]);
  expect(summary).toBe(
    '0 errors, 1 warning, 5 notes in 2 files'.replace('1 warning, 5', '2 warnings, 4'),
  );
});

test('JSON has the same findings', async () => {
  const { stdout, code } = await check({ 'swanctl.conf': `${GOOD}x = 1\n` }, ['--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    errors: 0,
    warnings: 1,
    notes: 0,
    files: ['/etc/swanctl/swanctl.conf'],
    findings: [
      {
        severity: 'warning',
        code: 'ignored',
        file: '/etc/swanctl/swanctl.conf',
        line: 18,
        column: 1,
        message: "'x' stands outside of all sections and is ignored",
      },
    ],
  });
});

test('strongswan.conf is checked with the configuration of this host, not with another one', async () => {
  const files = {
    'swanctl.conf': GOOD,
    '/etc/strongswan.conf': 'charon {\n  reuse_ikesa = 7\n  prot = 500\n}\n',
  };
  expect((await check(files)).lines).toEqual([
    expect.stringMatching(
      /^\/etc\/strongswan.conf:2:3: warning: invalid value '7' for 'reuse_ikesa', allowed is yes or no/,
    ),
    "/etc/strongswan.conf:3:3: warning: unknown option 'prot', did you mean 'port'? [unknown-option]",
  ]);
  expect((await check(files, ['--file', '/etc/swanctl/swanctl.conf'])).lines).toEqual([]);
  const broken = { ...files, '/etc/strongswan.conf': 'charon {' };
  expect(await check(broken)).toMatchObject({
    code: 22,
    summary: '1 error, 0 warnings, 0 notes in 2 files',
  });
});
