import { describe, expect, test } from 'vitest';
import { ConfNode } from '../../../daemon/config/conf-tree.ts';
import { type ParsedConnection, parseConnection } from '../../../daemon/config/connection.ts';
import type { ChildConfig, ConnectionConfig } from '../../../daemon/config/connection-types.ts';
import { KEY_STATUS } from '../../../daemon/config/feature-status.ts';
import { parseConfText } from '../../../daemon/config/strongswan-conf.ts';
import { list, section, type Tree, value } from '../../../daemon/config/tree.ts';
import { printIdentity } from '../../../daemon/proto/identity-text.ts';
import { printProposal } from '../../../daemon/proto/proposal-print.ts';
import { printSelectorConfig } from '../../../daemon/proto/traffic-selector-text.ts';
import { MemoryFiles } from '../../support/memory-files.ts';
import { swanctlTree } from '../../support/swanctl-tree.ts';
import { testCrypto } from '../../support/vici.ts';

/** Parses the contents of a connection section as swanctl would send it. */
function parse(text: string): ParsedConnection {
  const root = ConfNode.of(parseConfText(text, '/swanctl.conf', new MemoryFiles({})));
  return parseConnection('gw', swanctlTree(root), { crypto: testCrypto });
}
const parseTree = (tree: Tree, name = 'gw'): ParsedConnection =>
  parseConnection(name, tree, { crypto: testCrypto });
const conn = (text: string): ConnectionConfig => parse(text).config;
const childOf = (text: string): ChildConfig => {
  const child = conn(`children { net { ${text}\n } }`).children.get('net');
  if (child === undefined) throw new Error('no child');
  return child;
};

describe('defaults', () => {
  test('of an empty connection', () => {
    const { config, warnings } = parse('');
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      name: 'gw',
      localAddrs: [{ kind: 'any', text: '%any' }],
      remoteAddrs: [{ kind: 'any', text: '%any' }],
      localPort: 500,
      remotePort: 500,
      encap: false,
      mobike: true,
      dpdDelay: 0,
      fragmentation: 'yes',
      childless: 'allow',
      sendCert: 'ifasked',
      ocsp: 'reply',
      keyingTries: 1,
      unique: 'no',
      reauthTime: 0,
      rekeyTime: 14400,
      overTime: 1440,
      randTime: 1440,
    });
    expect(config.local).toMatchObject([{ class: 'any' }]);
    expect(config.remote).toMatchObject([{ class: 'any' }]);
    expect(config.proposals.length).toBe(2);
    expect(config.children.size).toBe(0);
  });

  test('of an empty child', () => {
    const child = childOf('');
    expect(child).toMatchObject({
      mode: 'tunnel',
      policies: true,
      policiesFwdOut: false,
      time: { rekey: 3600, life: 3960, rand: 360 },
      bytes: { rekey: 0, life: 0, rand: 0 },
      packets: { rekey: 0, life: 0, rand: 0 },
      startAction: { trap: false, start: false },
      markIn: { kind: 'none' },
      ifIdIn: { kind: 'value', value: 0 },
      reqid: 0,
      copyDf: true,
      copyDscp: 'out',
      hwOffload: 'no',
    });
    expect(child.replayWindow).toBeUndefined();
    expect(child.localTs.map((ts) => printSelectorConfig(ts))).toEqual(['dynamic']);
    expect(child.proposals.map(printProposal)[0]).toMatch(/^ESP:AES_GCM_16_128\//);
  });
});

describe('values', () => {
  test('of a connection', () => {
    const config = conn(`
      version = 0
      local_addrs = 10.0.0.1, gw.example.org, 10.0.0.0/24, 10.0.0.1-10.0.0.9, %any6
      remote_addrs = 2001:DB8::1
      local_port = 0
      remote_port = 0x1194
      proposals = aes128-sha256-x25519, aes256gcm16-prfsha384-ecp384
      encap = YES
      dpd_delay = 2m
      fragmentation = Force
      unique = REPLACE
      keyingtries = 0
      if_id_in = 0x10
      if_id_out = %unique
      Local-1 { auth = PSK\n id = moon.example.org }
      remote { auth = psk\n id = fqdn:^.*\\.example\\.org$ }`);
    expect(config.localAddrs.map((spec) => spec.kind)).toEqual([
      'host',
      'name',
      'subnet',
      'range',
      'any',
    ]);
    expect(config.remoteAddrs).toEqual([
      { kind: 'host', text: '2001:DB8::1', address: '2001:db8::1' },
    ]);
    expect(config).toMatchObject({
      localPort: 0,
      remotePort: 4500,
      encap: true,
      dpdDelay: 120,
      fragmentation: 'force',
      unique: 'replace',
      keyingTries: 0,
      ifIdIn: { kind: 'value', value: 16 },
      ifIdOut: { kind: 'unique' },
    });
    expect(config.proposals.map(printProposal)).toEqual([
      'IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/CURVE_25519',
      'IKE:AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_384',
    ]);
    expect(config.local[0]?.class).toBe('psk');
    expect(config.local[0]?.id && printIdentity(config.local[0].id)).toBe('moon.example.org');
    expect(config.remote[0]?.id?.pattern).toBeInstanceOf(RegExp);
  });

  test('of a child', () => {
    expect(
      childOf(`
        esp_proposals = aes128gcm16
        sha256_96 = yes
        local_ts = 10.0.0.0/8[tcp/http], dynamic
        life_time = 1h
        life_bytes = 1k
        rekey_packets = 0
        mode = Transport
        policies = no
        policies_fwd_out = yes
        start_action = start
        close_action = restart
        reqid = -1
        priority = 010
        mark_in = 0x10/0xff
        mark_out = %unique-dir
        set_mark_in = %same/0xff00
        set_mark_out = 5
        if_id_in = 42
        replay_window = 0
        copy_df = no
        copy_dscp = YES`),
    ).toMatchObject({
      sha256Trunc96: true,
      time: { rekey: 3272, life: 3600, rand: 328 },
      bytes: { rekey: 930, life: 1024, rand: 94 },
      packets: { rekey: 0, life: 0, rand: 0 },
      mode: 'transport',
      policies: false,
      policiesFwdOut: true,
      startAction: { trap: false, start: true },
      closeAction: { trap: false, start: true },
      reqid: 0xffffffff,
      priority: 8,
      markIn: { kind: 'value', value: 0x10, mask: 0xff },
      markOut: { kind: 'unique-dir', mask: 0xffffffff },
      setMarkIn: { kind: 'same', mask: 0xff00 },
      setMarkOut: { kind: 'value', value: 5, mask: 0xffffffff },
      ifIdIn: { kind: 'value', value: 42 },
      replayWindow: 0,
      copyDf: false,
      copyDscp: 'yes',
    });
  });

  test.each([
    ['1d', 86400],
    ['10 m', 600],
    ['5S', 5],
    ['0x10', 16],
    ['010', 8],
    ['', 0],
  ])('times: %j', (text, seconds) => {
    expect(parseTree([value('dpd_delay', text)]).config.dpdDelay).toBe(seconds);
  });

  test.each(['1.5h', '1w', '08', '-1', 'x', '1 h m'])('no times: %j', (text) => {
    expect(() => parseTree([value('dpd_delay', text)])).toThrow(
      `invalid value for: dpd_delay, config discarded: '${text}' is none of`,
    );
  });

  test('beyond 53 bits are cut, never rounded to something small, SEC-84', () => {
    const child = childOf(
      'life_bytes = 18446744073709551615\n life_packets = 99999999999999999999999999',
    );
    expect(child.bytes.life).toBe(Number.MAX_SAFE_INTEGER);
    expect(child.packets.life).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => childOf('life_bytes = 1kb')).toThrow('invalid value for: life_bytes');
  });

  test('IKE times follow from each other', () => {
    const times = (text: string): readonly number[] => {
      const { rekeyTime, reauthTime, overTime, randTime } = conn(text);
      return [rekeyTime, reauthTime, overTime, randTime];
    };
    expect(times('reauth_time = 1h')).toEqual([0, 3600, 360, 360]);
    expect(times('rekey_time = 100')).toEqual([100, 0, 10, 10]);
    expect(times('rekey_time = 100\n over_time = 80')).toEqual([100, 0, 80, 50]);
    expect(times('rekey_time = 0')).toEqual([0, 0, 0, 0]);
  });

  test('lists may be given as one text', () => {
    const { config } = parseTree([value('remote_addrs', '10.0.0.1, 10.0.0.2'), value('pools', '')]);
    expect(config.remoteAddrs.map((spec) => spec.text)).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(config.pools).toEqual([]);
  });
});

describe('mistakes', () => {
  test.each([
    ['prposals = x', "unknown option: prposals, config discarded: did you mean 'proposals'?"],
    ['Encap = yes', "unknown option: Encap, config discarded: did you mean 'encap'?"],
    ['encap = maybe', "invalid value for: encap, config discarded: 'maybe' is none of: yes or no"],
    [
      'unique = always',
      "invalid value for: unique, config discarded: 'always' is none of: never, no, keep, replace",
    ],
    ['version = 1', 'invalid value for: version, config discarded: this daemon speaks IKEv2 only'],
    ['version = 7', "invalid value for: version, config discarded: '7' is no IKE version"],
    ['local_port = 70000', 'invalid value for: local_port, config discarded'],
    [
      'remote_addrs = 10.0.0.300',
      "invalid value for: remote_addrs, config discarded: '10.0.0.300' is neither",
    ],
    ['remote_addrs = 10.0.0.0/33', 'invalid value for: remote_addrs, config discarded'],
    ['remote_addrs = a b', 'invalid value for: remote_addrs, config discarded'],
    [
      'proposals = aes128-sha257-x25519',
      "invalid value for: proposals, config discarded: proposal 'aes128-sha257-x25519'",
    ],
    ['proposals = aes128', 'invalid value for: proposals, config discarded'],
    ['peers { }', 'invalid section: peers: allowed are local..., remote... and children'],
    ['children { a = b }', 'unknown option: a, config discarded'],
    ['children { net { inner { } } }', 'invalid section: inner'],
    [
      'children { net { local_ts = 10.0.0.0/40 } }',
      'invalid value for: local_ts, config discarded',
    ],
    [
      'children { net { esp_proposals = aes127 } }',
      'invalid value for: esp_proposals, config discarded',
    ],
    ['children { net { mark_in = %same } }', 'invalid value for: mark_in, config discarded'],
    [
      'children { net { set_mark_in = %unique } }',
      'invalid value for: set_mark_in, config discarded',
    ],
    [
      'children { net { start_action = stop } }',
      'invalid value for: start_action, config discarded',
    ],
    [
      'children { net { replay_window = 99999 } }',
      'invalid value for: replay_window, config discarded',
    ],
    ['local { auth = any }', "invalid value for: auth, config discarded: 'any' is none of: psk"],
    ['local { auth = xauth }', 'belongs to IKEv1'],
    ['remote { auth = psk\n id = fqdn:^((a$ }', 'invalid value for: id, config discarded'],
    ['local { auth = psk\n revocation = strict }', 'unknown option: revocation, config discarded'],
    [
      'local { auth = psk\n keys { } }',
      "invalid section: keys: section 'local' has no such sub-section",
    ],
  ])('%j', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  test('a list for a single value, text that is not ASCII, no name', () => {
    expect(() => parseTree([list('encap', ['yes'])])).toThrow(
      'unknown option: encap, config discarded: a single value',
    );
    expect(() => parseTree([value('unique', 'nö')])).toThrow(
      'invalid value for: unique, config discarded: only printable',
    );
    expect(() => parseTree([list('pools', ['a\n'])])).toThrow(
      'invalid value for: pools, config discarded: only printable',
    );
    expect(() => parseTree([], '')).toThrow('a connection needs a name');
  });
});

describe('what is not yet in effect', () => {
  test.each([['local { auth = psk\n eap_id = x }', "local: 'eap_id = x' is not yet in effect"]])(
    '%j loads with a warning that names it',
    (text, warning) => {
      const { warnings } = parse(text);
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain(warning);
    },
  );

  test('values that do not ask for it load silently', () => {
    expect(
      parse(`mobike = no\n childless = allow\n send_cert = ifasked\n reauth_time = 0s\n vips =
        children { net { start_action = start\n updown =\n inactivity = 0\n mode = tunnel\n label_mode = system } }`)
        .warnings,
    ).toEqual([]);
  });

  test.each([
    ['remote { auth = psk\n eap_id = x }', 'eap_id'],
    ['mediated_by = x', 'mediated_by'],
    ['children { net { label = x } }', 'label'],
    ['children { net { label_mode = selinux } }', 'label_mode'],
    ['remote { auth = eap-tls }', 'auth'],
  ])('%j restricts who or what may pass and is refused by name', (text, key) => {
    expect(() => parse(text)).toThrow(`invalid value for: ${key}, config discarded: `);
    expect(() => parse(text)).toThrow(/not yet in effect|not evaluated yet/);
  });

  test('every key says so or gives the reason', () => {
    for (const level of Object.values(KEY_STATUS)) {
      for (const [key, status] of level) {
        expect([key, status.effect === 'yes' || status.reason.length > 10]).toEqual([key, true]);
      }
    }
  });
});

test('no text takes long to refuse, SEC-83', () => {
  const hostile = [
    '0'.repeat(60_000),
    `${'a-'.repeat(30_000)}!`,
    `${' '.repeat(60_000)}x`,
    `${'1.'.repeat(30_000)}`,
    '%'.repeat(60_000),
  ];
  const keys = [
    'dpd_delay',
    'remote_addrs',
    'proposals',
    'unique',
    'if_id_in',
    'keyingtries',
    'dscp',
    'ppk_id',
  ];
  const start = process.cpuUsage().user;
  for (const text of hostile) {
    for (const key of keys) {
      try {
        parseTree([value(key, text)]);
      } catch {
        // Refused, as most should be; what matters is the time.
      }
    }
    for (const key of ['local_ts', 'mark_in', 'life_bytes', 'start_action', 'esp_proposals']) {
      try {
        parseTree([section('children', [section('net', [value(key, text)])])]);
      } catch {
        // The same.
      }
    }
  }
  expect(process.cpuUsage().user - start).toBeLessThan(2_000_000);
});
