import type { ViciInput } from '../../daemon/vici/plain-input.ts';
import { CANNED_DER } from './canned-der.ts';
import type { CannedReply } from './canned-vici.ts';

const IKE: ViciInput = {
  uniqueid: 1,
  version: 2,
  state: 'ESTABLISHED',
  'local-host': '10.9.0.1',
  'local-port': 4500,
  'local-id': 'node-a.example',
  'remote-host': '10.9.0.2',
  'remote-port': 4500,
  'remote-id': 'C=XX, O=Lab, CN=node b',
  initiator: 'yes',
  'initiator-spi': 'f0e4b0e438d1bca9',
  'responder-spi': '8ccc7d8c5beaf6c5',
  'encr-alg': 'AES_CBC',
  'encr-keysize': 128,
  'integ-alg': 'HMAC_SHA2_256_128',
  'prf-alg': 'PRF_HMAC_SHA2_256',
  'dh-group': 'ECP_256',
  established: 1,
  'rekey-time': 13963,
};

const CHILD: ViciInput = {
  name: 'net',
  uniqueid: 2,
  reqid: 2,
  state: 'INSTALLED',
  mode: 'TUNNEL',
  protocol: 'ESP',
  'spi-in': '3efb9645',
  'spi-out': 'cb5d6145',
  'encr-alg': 'AES_GCM_16',
  'encr-keysize': 128,
  'bytes-in': 168,
  'packets-in': 2,
  'use-in': 0,
  'bytes-out': 123456789,
  'packets-out': 1234567,
  'rekey-time': 3417,
  'life-time': 3959,
  'install-time': 1,
  'local-ts': ['10.1.0.0/16', '10.3.0.0/16[tcp/http]'],
  'remote-ts': ['10.2.0.0/16'],
};

/** Variations that together show every branch of how SAs are printed. */
const IKES: readonly ViciInput[] = [
  { ...IKE, 'child-sas': { 'net-2': CHILD } },
  { ...IKE, initiator: undefined, 'nat-any': 'yes', 'child-sas': {} },
  {
    uniqueid: 3,
    version: 2,
    state: 'CONNECTING',
    'local-host': '%any',
    'local-port': 500,
    'local-id': '%any',
    'remote-host': '10.9.0.2',
    'remote-port': 500,
    'remote-id': '%any',
    initiator: 'yes',
    'initiator-spi': 'f0e4b0e438d1bca9',
    'responder-spi': '0000000000000000',
    'tasks-queued': ['IKE_CERT_PRE', 'CHILD_CREATE'],
    'tasks-active': ['IKE_INIT'],
    'tasks-passive': ['IKE_AUTH'],
    'child-sas': {},
  },
  {
    ...IKE,
    'encr-alg': 'AES_GCM_16',
    'encr-keysize': 256,
    'integ-alg': undefined,
    'integ-keysize': undefined,
    ake1: 'ML_KEM_768',
    ake3: 'ECP_521',
    ppk: 'yes',
    'rekey-time': undefined,
    'reauth-time': -5,
    'local-vips': ['10.7.0.1', 'fd00::1'],
    'remote-vips': ['10.8.0.1'],
    'remote-eap-id': 'carol',
    'tasks-queued': ['IKE_REKEY'],
    'child-sas': {
      'a-1': { ...CHILD, encap: 'yes', 'dh-group': 'ECP_256', ake1: 'ML_KEM_768', esn: '1' },
      'b-2': {
        ...CHILD,
        protocol: 'AH',
        mode: 'TRANSPORT',
        'encr-alg': undefined,
        'encr-keysize': undefined,
        'integ-alg': 'HMAC_SHA2_256_128',
        'use-in': undefined,
        'use-out': 7,
      },
      'c-3': {
        ...CHILD,
        'encr-alg': 'AES_CBC',
        'integ-alg': 'HMAC_SHA1_96',
        'mark-in': '0000002a',
        'mark-out': '0000002b',
        'mark-mask-out': '0000ffff',
        'if-id-in': '00000007',
        'cpi-in': '1a2b',
        'cpi-out': '3c4d',
        label: '73797374656d00',
      },
      'd-4': {
        ...CHILD,
        'if-id-in': '00000007',
        'if-id-out': '00000008',
        'per-cpu-sas': 'yes',
        cpu: 3,
        'rekey-time': undefined,
        'life-time': undefined,
        'remote-ts': [],
      },
      'e-5': { ...CHILD, 'per-cpu-sas': 'yes', 'mark-in': '0000002a', 'mark-mask-in': '000000ff' },
      'f-6': {
        name: 'f',
        uniqueid: 6,
        reqid: 3,
        state: 'CREATED',
        mode: 'TUNNEL',
        'local-ts': ['dynamic'],
        'remote-ts': ['10.2.0.0/16'],
      },
    },
  },
  { ...IKE, 'prf-alg': undefined, 'dh-group': undefined, 'child-sas': {} },
  { ...IKE },
];

const POLICIES: readonly ViciInput[] = [
  {
    'gw/host': {
      child: 'host',
      ike: 'gw',
      mode: 'TUNNEL',
      reqid: 1,
      'local-ts': ['10.9.0.1/32'],
      'remote-ts': ['10.2.3.4/32[tcp/http]', '10.5.0.0/16'],
    },
  },
  { 'shunt/byp': { child: 'byp', mode: 'PASS', 'local-ts': ['192.0.2.0/24'], 'remote-ts': [] } },
  {
    labelled: { child: 'l', mode: 'DROP', label: '616200', 'local-ts': ['::/0'], 'remote-ts': [] },
  },
];

const AUTH: ViciInput = { groups: [], cert_policy: [], certs: [], cacerts: [] };

const CONNECTIONS: readonly ViciInput[] = [
  {
    gw: {
      local_addrs: ['10.9.0.1', 'fd00::1'],
      remote_addrs: ['%any'],
      local_port: 500,
      remote_port: 4500,
      version: 'IKEv2',
      reauth_time: 0,
      rekey_time: 14400,
      unique: 'UNIQUE_NO',
      dpd_delay: 30,
      ppk_id: 'ppk.example',
      ppk_required: 'yes',
      'local-1': {
        ...AUTH,
        class: 'public key',
        id: 'node-a.example',
        certs: ['C=XX, CN=a', 'C=XX, CN=b'],
        groups: ['admins', 'users'],
        cert_policy: ['1.2.3.4'],
      },
      'remote-1': {
        ...AUTH,
        class: 'EAP',
        'eap-type': 'EAP_TLS',
        eap_id: 'carol',
        cacerts: ['CN=ca'],
      },
      'remote-2': {
        ...AUTH,
        class: 'EAP',
        id: '%any',
        ca_id: 'CN=ca',
        aaa_id: 'aaa',
        xauth_id: 'x',
      },
      'remote-3': { ...AUTH },
      children: {
        net: {
          mode: 'TUNNEL',
          rekey_time: 3600,
          rekey_bytes: 0,
          rekey_packets: 0,
          dpd_action: 'trap | start',
          close_action: 'none',
          'local-ts': ['10.1.0.0/16'],
          'remote-ts': ['10.2.0.0/16', '10.3.0.0/16'],
          interface: 'eth0',
          priority: 7,
          label: '616200',
        },
        all: {
          mode: 'TRANSPORT',
          rekey_time: 10,
          rekey_bytes: 20,
          rekey_packets: 30,
          dpd_action: 'none',
          'local-ts': [],
          'remote-ts': [],
        },
        none: { mode: 'BEET', rekey_time: 0, rekey_bytes: 0, rekey_packets: 0, dpd_action: 'none' },
        packets: { mode: 'BEET', rekey_time: 0, rekey_bytes: 0, rekey_packets: 5 },
        byp: {
          mode: 'PASS',
          rekey_time: 3600,
          rekey_bytes: 0,
          rekey_packets: 0,
          dpd_action: 'none',
        },
      },
    },
  },
  {
    old: {
      local_addrs: [],
      remote_addrs: ['10.9.0.2'],
      version: 'IKEv1',
      reauth_time: 0,
      rekey_time: 500,
      ppk_id: 'p',
      'local-1': { ...AUTH, class: 'XAuth', xauth: 'pam' },
      children: {},
    },
  },
  { bare: { version: 'IKEv1/2', reauth_time: 60, rekey_time: 0, children: {} } },
  { none: { version: 'IKEv2', reauth_time: 0, rekey_time: 0, ppk_required: 'yes', children: {} } },
];

/** Octets as the canned daemon reads them. */
const der = (name: keyof typeof CANNED_DER): ViciInput => ({ $hex: CANNED_DER[name] });

const CERTIFICATES: readonly ViciInput[] = [
  {
    type: 'PUBKEY',
    has_privkey: 'yes',
    data: der('ecPublicKey'),
    subject: 'C=XX, CN=raw',
    'not-before': '20260101000000Z',
    'not-after': '20990101000000Z',
  },
  { type: 'PUBKEY', data: der('rsaPublicKey') },
  { type: 'PUBKEY', data: der('edPublicKey'), subject: 'node' },
  { type: 'X509', flag: 'NONE', has_privkey: 'yes', data: der('endEntity') },
  { type: 'X509', flag: 'NONE', data: der('addressBlocks') },
  { type: 'X509', flag: 'NONE', data: der('ed448') },
  { type: 'X509', flag: 'NONE', data: der('expired') },
  { type: 'X509', flag: 'NONE', data: der('notYetValid') },
  { type: 'X509', flag: 'CA', data: der('authority') },
  { type: 'X509', flag: 'AA', data: der('brainpool') },
  { type: 'X509', flag: 'OCSP', data: der('endEntity') },
  { type: 'X509_CRL', data: der('crl') },
  { type: 'OCSP_RESPONSE', data: der('ocspResponse') },
];

const event = (name: string, data: ViciInput): CannedReply['events'][number] => ({ name, data });
const success: CannedReply = { events: [], answer: { success: 'yes' } };
const refusal: CannedReply = { events: [], answer: { success: 'no', errmsg: 'no such thing' } };

/** What a daemon might say to every listing and control command, every branch of the layouts included. */
export const CANNED: Readonly<Record<string, CannedReply>> = {
  'list-sas': { events: IKES.map((ike, i) => event('list-sa', { [`gw${i}`]: ike })), answer: {} },
  'list-policies': { events: POLICIES.map((policy) => event('list-policy', policy)), answer: {} },
  'list-conns': { events: CONNECTIONS.map((conn) => event('list-conn', conn)), answer: {} },
  'list-authorities': {
    events: [
      event('list-authority', {
        labca: {
          cacert: 'C=XX, CN=ca',
          crl_uris: ['http://a/a.crl', 'http://a/b.crl'],
          ocsp_uris: ['http://a/o1', 'http://a/o2'],
          cert_uri_base: 'http://a/certs/',
        },
      }),
      event('list-authority', { bare: { cacert: 'CN=x', crl_uris: [], ocsp_uris: [] } }),
    ],
    answer: {},
  },
  'list-certs': { events: CERTIFICATES.map((data) => event('list-cert', data)), answer: {} },
  'get-pools': {
    events: [],
    answer: {
      p4: {
        base: '10.7.0.1',
        size: 254,
        online: 1,
        offline: 2,
        leases: {
          '0': { address: '10.7.0.1', identity: 'node-a.example', status: 'online' },
          '1': { address: '10.7.0.2', identity: 'C=XX, CN=b', status: 'offline' },
        },
      },
      'a-pool-with-a-rather-long-name': { base: 'fd00::1', size: 1, online: 0, offline: 0 },
    },
  },
  'get-algorithms': {
    events: [],
    answer: {
      encryption: { AES_CBC: 'aesni', NULL: 'openssl' },
      integrity: {},
      rng: { RNG_WEAK: 'r' },
    },
  },
  'get-counters': {
    events: [],
    answer: {
      counters: { '': { 'ike-rekey-init': 1 }, gw: { 'create-child-out-resp': 22 } },
      success: 'yes',
    },
  },
  stats: {
    events: [],
    answer: {
      uptime: { running: '3 seconds', since: 'Nov 21 05:54:40 2026' },
      workers: { total: 16, idle: 11, active: { critical: 4, high: 0, medium: 1, low: 0 } },
      queues: { critical: 0, high: 1, medium: 2, low: 3 },
      scheduled: 5,
      ikesas: { total: 6, 'half-open': 7 },
      plugins: ['a', 'b'],
      mallinfo: { sbrk: 1, mmap: 2, used: 3, free: 4 },
    },
  },
  version: {
    events: [],
    answer: {
      daemon: 'charon',
      version: '6.1.0',
      sysname: 'Linux',
      release: '6',
      machine: 'x86_64',
    },
  },
  initiate: {
    events: [
      event('control-log', {
        group: 'IKE',
        level: 1,
        'ikesa-name': 'gw',
        msg: 'initiating IKE_SA gw[1]',
      }),
      event('control-log', { group: 'NET', level: 1, msg: 'sending packet' }),
    ],
    answer: { success: 'yes' },
  },
  terminate: {
    events: [],
    answer: { success: 'no', matches: 2, terminated: 1, errmsg: 'terminating SA failed' },
  },
  rekey: { events: [], answer: { success: 'yes', matches: 1 } },
  redirect: refusal,
  install: success,
  uninstall: refusal,
  'flush-certs': success,
  'reload-settings': refusal,
  'reset-counters': success,
};
