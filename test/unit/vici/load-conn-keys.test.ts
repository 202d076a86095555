import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KEY_STATUS, type SectionLevel } from '../../../daemon/config/feature-status.ts';
import { list, section, type Tree, type TreeEntry, value } from '../../../daemon/config/tree.ts';
import { caDer, leafDer, newKey } from '../../support/test-certificates.ts';
import { ask, type RawClient, ViciBench } from '../../support/vici.ts';

/** A value that is taken and one that is not, `undefined` where every text is taken; arrays are VICI lists. */
type Sample = readonly [good: string | readonly (string | Uint8Array)[], bad: string | undefined];

const YES_NO: Sample = ['yes', 'perhaps'];
const TIME: Sample = ['10m', '10x'];
const SIZE: Sample = ['10g', '10x'];
const COUNT: Sample = ['1000', 'many'];
const IF_ID: Sample = ['%unique-dir', '%many'];
const MARK: Sample = ['0x10/0xff', '0x10/y'];
const ACTION: Sample = ['trap|start', 'jump'];
const NAME: Sample = ['name', undefined];
const IDENTITY: Sample = ['peer.example.org', 'a\u0001b'];

/** Every key of a connection, as documented: written down apart from the code that reads them. */
const SAMPLES: Readonly<Record<SectionLevel, Readonly<Record<string, Sample>>>> = {
  connection: {
    version: ['2', '7'],
    local_addrs: [['192.0.2.1', '10.0.0.0/8', '10.0.0.1-10.0.0.9', 'gw.example.org', '%any'], ''],
    remote_addrs: [['192.0.2.1', '2001:db8::/32', '%any'], ''],
    local_port: ['500', '65536'],
    remote_port: ['4500', 'ike'],
    proposals: [['aes128-sha256-x25519', 'default'], 'aes129'],
    vips: [['0.0.0.0', '::'], 'pool.example.org'],
    aggressive: YES_NO,
    pull: ['no', 'perhaps'],
    dscp: ['101110', '210'],
    encap: YES_NO,
    mobike: YES_NO,
    dpd_delay: TIME,
    dpd_timeout: TIME,
    fragmentation: ['accept', 'some'],
    childless: ['prefer', 'some'],
    send_certreq: YES_NO,
    send_cert: ['ALWAYS', 'some'],
    ocsp: ['both', 'some'],
    ppk_id: IDENTITY,
    ppk_required: YES_NO,
    keyingtries: ['0', 'many'],
    unique: ['Replace', 'some'],
    reauth_time: TIME,
    rekey_time: TIME,
    over_time: TIME,
    rand_time: TIME,
    pools: [['rw', 'dhcp'], undefined],
    if_id_in: IF_ID,
    if_id_out: IF_ID,
    mediation: YES_NO,
    mediated_by: NAME,
    mediation_peer: NAME,
  },
  local: {
    round: ['1', 'one'],
    auth: ['pubkey', 'magic'],
    id: IDENTITY,
    certs: [[leafDer('moon')], 'file.pem'],
    pubkeys: [[newKey().spki], 'file.pem'],
    eap_id: IDENTITY,
    aaa_id: IDENTITY,
    xauth_id: IDENTITY,
  },
  remote: {
    round: ['1', 'one'],
    auth: ['rsa-2048-sha256', 'rsa-magic'],
    id: IDENTITY,
    eap_id: IDENTITY,
    groups: [['staff'], undefined],
    cert_policy: [['1.2.3'], 'policy'],
    certs: [[leafDer('sun')], 'file.pem'],
    cacerts: [[caDer('root')], 'file.pem'],
    ca_id: IDENTITY,
    pubkeys: [[newKey().spki], 'file.pem'],
    revocation: ['ifuri', 'some'],
  },
  child: {
    ah_proposals: [['sha256-x25519'], 'sha257'],
    esp_proposals: [['aes128gcm16', 'default'], 'aes129'],
    sha256_96: YES_NO,
    local_ts: [['10.1.0.0/16[tcp/http]', 'dynamic[udp]'], '10.1.0.0/33'],
    remote_ts: [['10.1.0.1-10.1.0.9', '::/0'], 'net.example.org'],
    rekey_time: TIME,
    life_time: TIME,
    rand_time: TIME,
    rekey_bytes: SIZE,
    life_bytes: SIZE,
    rand_bytes: SIZE,
    rekey_packets: COUNT,
    life_packets: COUNT,
    rand_packets: COUNT,
    updown: ['/usr/libexec/updown', undefined],
    hostaccess: YES_NO,
    mode: ['transport', 'some'],
    policies: YES_NO,
    policies_fwd_out: YES_NO,
    dpd_action: ['restart', 'jump'],
    start_action: ACTION,
    close_action: ACTION,
    ipcomp: YES_NO,
    inactivity: TIME,
    reqid: ['77', 'one'],
    priority: ['77', 'one'],
    interface: ['eth0', undefined],
    mark_in: MARK,
    mark_in_sa: YES_NO,
    mark_out: MARK,
    set_mark_in: ['%same/0xff', '%unique'],
    set_mark_out: ['0x10/0xff', '%unique'],
    if_id_in: IF_ID,
    if_id_out: IF_ID,
    label: NAME,
    label_mode: ['selinux', 'some'],
    tfc_padding: ['mtu', 'some'],
    replay_window: ['0', 'big'],
    per_cpu_sas: ['encap', 'some'],
    hw_offload: ['auto', 'some'],
    copy_df: YES_NO,
    copy_ecn: YES_NO,
    copy_dscp: ['in', 'some'],
    icmp: YES_NO,
  },
};

/** Keys that count only beside others. */
const BESIDE: Readonly<Record<string, Tree>> = {
  'connection ppk_required': [value('ppk_id', 'quantum')],
  'child set_mark_in': [value('mark_in', '1')],
  'child label_mode': [value('label', 'name')],
};

const entryOf = (key: string, good: Sample[0]): TreeEntry =>
  typeof good === 'string' ? value(key, good) : list(key, good);

/** A request to load a connection with an entry in the section it belongs to. */
function request(level: SectionLevel, entries: Tree): Tree {
  const rounds = (['local', 'remote'] as const).map((side) =>
    section(side, level === side ? entries : [value('auth', 'psk')]),
  );
  const children = section('children', [section('net', level === 'child' ? entries : [])]);
  return [section('gw', [...(level === 'connection' ? entries : []), ...rounds, children])];
}

const LEVELS = Object.keys(SAMPLES) as SectionLevel[];

describe.each(LEVELS)('load-conn at the level of %s', (level) => {
  let bench: ViciBench;
  let client: RawClient;
  const samples = Object.entries(SAMPLES[level]);

  beforeAll(async () => {
    bench = await ViciBench.start();
    client = await bench.raw();
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  const load = async (entries: Tree): Promise<Readonly<Record<string, unknown>>> =>
    Object.fromEntries(await ask(client, 'load-conn', request(level, entries)));

  test('knows the documented keys and no others', () => {
    expect([...KEY_STATUS[level].keys()].toSorted()).toEqual(samples.map(([k]) => k).toSorted());
  });

  test.each(samples)(
    '%s: a good value is taken, or refused with the reason',
    async (key, [good]) => {
      const effect = KEY_STATUS[level].get(key)?.effect;
      // Loaded anew: of a change the log names the keys as well.
      await ask(client, 'unload-conn', [value('name', 'gw')]);
      const before = bench.log.lines.length;
      const answer = await load([...(BESIDE[`${level} ${key}`] ?? []), entryOf(key, good)]);
      if (effect === 'refused' || BESIDE[`${level} ${key}`]?.[0]?.name === 'label') {
        expect(answer['success']).toBe('no');
        expect(answer['errmsg']).toMatch(/config discarded/);
        return;
      }
      expect(answer).toEqual({ success: 'yes' });
      const warned = bench.log.lines.slice(before).some((line) => line.includes(key));
      expect(warned).toBe(effect === 'warned');
    },
  );

  const bad = samples.flatMap(([key, [good, text]]) =>
    text === undefined
      ? []
      : [[key, typeof good === 'string' ? value(key, text) : list(key, [text])]],
  ) as (readonly [string, TreeEntry])[];
  test.each(bad)('%s: a bad value is refused by the name of the key', async (key, entry) => {
    const { errmsg } = await load([entry]);
    expect(errmsg).toMatch(new RegExp(`^invalid value for: ${key}, config discarded`));
  });

  const single = samples.filter(([, [good]]) => typeof good === 'string').map(([key]) => key);
  test.each(single)('%s: a list is refused where one value belongs', async (key) => {
    const { errmsg } = await load([list(key, ['yes'])]);
    expect(errmsg).toMatch(new RegExp(`^unknown option: ${key}, config discarded`));
  });

  test('nothing that was refused was loaded', async () => {
    await ask(client, 'unload-conn', [value('name', 'gw')]);
    expect(await load([value('nonsense', 'x')])).toMatchObject({ success: 'no' });
    expect(await ask(client, 'get-conns')).toEqual([['conns', []]]);
  });
});
