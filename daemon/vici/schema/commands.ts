import { CONNECTION_CHANGES, ITEM_CHANGES } from './changes.ts';
import { EXPLANATION } from './explanation.ts';
import {
  bigint,
  choice,
  type Field,
  type Fields,
  maybe,
  named,
  number,
  octets,
  one,
  oneOf,
  presence,
  type SectionSchema,
  section,
  text,
  texts,
  textsByName,
} from './fields.ts';
import { AUTHORITY_INPUT, CONNECTION_INPUT, POOL_INPUT } from './inputs.ts';
import { POOL } from './listings.ts';

/** A command: what it takes, what it answers. */
export interface CommandSchema {
  readonly name: string;
  readonly doc: string;
  readonly input: Fields;
  /** Sections of any name that the request consists of besides, and what they are together. */
  readonly sections?: { readonly called: string; readonly section: SectionSchema };
  /** Keys of the answer besides success and errmsg. */
  readonly output: Fields;
  /** The answer is nothing but one section for each of these. */
  readonly outputSections?: SectionSchema;
  /** The event it streams before it answers. */
  readonly stream?: string;
  /** Not a command of strongSwan. */
  readonly ours?: boolean;
}

const NONE: Fields = {};

const command = (
  name: string,
  doc: string,
  input: Fields = NONE,
  more: Partial<CommandSchema> = {},
): CommandSchema => ({ name, doc, input, output: NONE, ...more });

const input = (doc = ''): Field => ({ ...text(doc), optional: true });
const count = (doc = ''): Field => ({ ...number(doc), optional: true });

const SELECTOR: Fields = {
  child: input('Name of CHILD_SAs.'),
  ike: input('Name of IKE_SAs.'),
  'child-id': count('Number of a CHILD_SA.'),
  'ike-id': count('Number of an IKE_SA.'),
};

const PATIENCE: Fields = {
  timeout: count('Milliseconds; 0 waits for ever, less than 0 not at all.'),
  loglevel: count('Highest level of lines; 1 by default.'),
};

const MATCHES: Fields = { matches: maybe(number('How many SAs there were.')) };

const CERTIFICATE_TYPES = [
  'X509',
  'X509_AC',
  'X509_CRL',
  'OCSP_RESPONSE',
  'PUBKEY',
  'PGP',
  'x509',
  'x509ca',
  'x509ocsp',
  'x509aa',
  'x509ac',
  'x509crl',
  'pubkey',
];
const LISTED_TYPES = ['ANY', ...CERTIFICATE_TYPES, 'OCSP_REQUEST', 'PKCS10_REQUEST'];
const FLAGS = ['NONE', 'CA', 'AA', 'OCSP', 'ANY'];

const byPriority = (name: string, doc: string): Field =>
  one(section(name, doc, Object.fromEntries(PRIORITIES.map((word) => [word, number()]))));
const PRIORITIES = ['critical', 'high', 'medium', 'low'];

const STATS: Fields = {
  uptime: one(
    section('Uptime', 'How long it has been running.', {
      running: text('Such as 3 hours.'),
      since: text('Local time.'),
    }),
  ),
  workers: one(
    section('Workers', 'Threads; this daemon has one.', {
      total: number(),
      idle: number(),
      active: byPriority('WorkersActive', 'Threads at work, by priority.'),
    }),
  ),
  queues: byPriority('QueueLengths', 'Jobs that wait, by priority.'),
  scheduled: number('Timers.'),
  ikesas: one(
    section('IkeSaCounts', 'IKE_SAs.', { total: number(), 'half-open': number('Not yet up.') }),
  ),
  plugins: texts(),
  mem: maybe(
    one(section('MemoryUse', 'Memory, of some builds.', { total: bigint(), allocs: number() })),
  ),
  mallinfo: maybe(
    one(
      section('MallocInfo', 'Memory as the C library sees it.', {
        sbrk: bigint(),
        mmap: bigint(),
        used: bigint(),
        free: bigint(),
      }),
    ),
  ),
};

const COUNTER_NAMES = [
  'ike-rekey-init',
  'ike-rekey-resp',
  'child-rekey',
  'invalid',
  'invalid-spi',
  ...['ike-init', 'ike-auth', 'create-child', 'info'].flatMap((exchange) =>
    ['in-req', 'in-resp', 'out-req', 'out-resp'].map((way) => `${exchange}-${way}`),
  ),
];
const COUNTERS = section(
  'Counters',
  'Counters of a connection, or of all of them.',
  Object.fromEntries(COUNTER_NAMES.map((name) => [name, bigint()])),
);

const ALGORITHM_KINDS = [
  'encryption',
  'integrity',
  'aead',
  'hasher',
  'prf',
  'xof',
  'kdf',
  'drbg',
  'ke',
  'rng',
  'nonce-gen',
];

const REPORT: Fields = { report: choice('Tell what that changed; this daemon only.') };

/** The command that loads sections, and the one that says what loading them would change, which is ours. */
function loads(
  what: string,
  called: string,
  section: SectionSchema,
  changes: Field,
): readonly CommandSchema[] {
  const doc = `Loads ${called}, each in the place of the one of its name.`;
  const preview = `What loading these ${called} would change; changes nothing.`;
  const unload = maybe(texts('Names of those that would be unloaded besides.'));
  const more = { sections: { called, section }, output: { changes } };
  return [
    command(`load-${what}`, doc, REPORT, more),
    command(`diff-${what}`, preview, { unload }, { ...more, ours: true }),
  ];
}

/** Every command. */
export const COMMAND_SCHEMAS: readonly CommandSchema[] = [
  command('version', 'Name and version of the daemon and its host.', NONE, {
    output: {
      daemon: text(),
      version: text(),
      sysname: text('Operating system.'),
      release: text('Of the operating system.'),
      machine: text('Architecture.'),
    },
  }),
  command('stats', 'What the daemon is busy with.', NONE, { output: STATS }),
  command('reload-settings', 'Reads strongswan.conf again.'),
  command(
    'initiate',
    'Brings an SA up and waits for it; yields what the daemon says meanwhile.',
    {
      child: input('The child to bring up.'),
      ike: input('Its connection, or the IKE_SA to bring up without a child.'),
      ...PATIENCE,
      'init-limits': choice('Give up if too many IKE_SAs are coming up.'),
    },
    { stream: 'control-log' },
  ),
  command(
    'terminate',
    'Closes all SAs that match; yields what the daemon says meanwhile.',
    { ...SELECTOR, force: choice('Do not wait for the peer.'), ...PATIENCE },
    {
      stream: 'control-log',
      output: { ...MATCHES, terminated: maybe(number('How many of them are closed.')) },
    },
  ),
  command(
    'rekey',
    'Rekeys all SAs that match, without waiting.',
    { ...SELECTOR, reauth: choice('Authenticate anew instead.') },
    { output: MATCHES },
  ),
  command(
    'redirect',
    'Sends peers to another gateway.',
    {
      gateway: text('Where to: an address or a name.'),
      ike: input('Name of IKE_SAs.'),
      'ike-id': count('Number of an IKE_SA.'),
      'peer-ip': input('Address, subnet or range of peers.'),
      'peer-id': input('Identity of peers, with wildcards.'),
    },
    { output: MATCHES },
  ),
  ...(['install', 'uninstall'] as const).map((name) =>
    command(name, `${name === 'install' ? 'Installs' : 'Removes'} a trap or shunt.`, {
      child: text(),
      ike: input('The connection of the child.'),
    }),
  ),
  command(
    'list-sas',
    'Every IKE_SA.',
    {
      noblock: presence('Do not wait for SAs that are busy.'),
      ike: input(),
      'ike-id': count(),
      child: input('Show these children only.'),
      'child-id': count('Show this child only.'),
    },
    { stream: 'list-sa' },
  ),
  command(
    'list-policies',
    'Installed traps and shunts, of the kinds asked for.',
    { drop: presence(), pass: presence(), trap: presence(), child: input(), ike: input() },
    { stream: 'list-policy' },
  ),
  command('list-conns', 'Every loaded connection.', { ike: input() }, { stream: 'list-conn' }),
  command('get-conns', 'The names of the loaded connections.', NONE, {
    output: { conns: texts() },
  }),
  command(
    'list-certs',
    'Loaded and received certificates.',
    {
      type: maybe(oneOf(LISTED_TYPES)),
      flag: maybe(oneOf(FLAGS, 'Of type X509.')),
      subject: input('Whose certificates.'),
    },
    { stream: 'list-cert' },
  ),
  command(
    'list-authorities',
    'Every certification authority.',
    { name: input() },
    { stream: 'list-authority' },
  ),
  command('get-authorities', 'The names of the certification authorities.', NONE, {
    output: { authorities: texts() },
  }),
  ...loads('conn', 'connections', CONNECTION_INPUT, CONNECTION_CHANGES),
  command(
    'unload-conn',
    'Forgets a connection.',
    { name: text(), ...REPORT },
    { output: { changes: CONNECTION_CHANGES } },
  ),
  command('load-cert', 'Loads a certificate.', {
    type: oneOf(CERTIFICATE_TYPES),
    flag: maybe(oneOf(FLAGS, 'Of type X509.')),
    data: octets('PEM or DER.'),
  }),
  command(
    'load-key',
    'Loads a private key.',
    {
      type: oneOf(['any', 'rsa', 'ecdsa', 'dsa', 'ed25519', 'ed448']),
      data: octets('PEM or DER, not encrypted.'),
    },
    { output: { id: text('40 hexadecimal digits.') } },
  ),
  command('unload-key', 'Forgets a private key.', { id: text('40 hexadecimal digits.') }),
  command('get-keys', 'The ids of the private keys.', NONE, { output: { keys: texts() } }),
  command(
    'load-token',
    'Uses a private key on a token.',
    {
      handle: text('CKA_ID, hexadecimal.'),
      slot: count(),
      module: input('PKCS#11 module.'),
      pin: input(),
    },
    { output: { id: text() } },
  ),
  command('load-shared', 'Loads a secret.', {
    id: input('What to unload it by.'),
    type: oneOf(['ike', 'eap', 'xauth', 'ntlm', 'ppk', 'IKE', 'EAP', 'XAUTH', 'NTLM', 'PPK']),
    data: octets('The secret itself.'),
    owners: maybe(texts('Whose it is; everybody by default.')),
  }),
  command('unload-shared', 'Forgets a secret.', { id: text() }),
  command('get-shared', 'The ids of the secrets that have one.', NONE, {
    output: { keys: texts() },
  }),
  command('flush-certs', 'Forgets received certificates and revocation lists.', {
    type: maybe(oneOf(LISTED_TYPES)),
  }),
  command('clear-creds', 'Forgets all certificates, keys and secrets.'),
  ...loads('authority', 'authorities', AUTHORITY_INPUT, ITEM_CHANGES),
  command('unload-authority', 'Forgets a certification authority.', { name: text() }),
  ...loads('pool', 'pools', POOL_INPUT, ITEM_CHANGES),
  command('unload-pool', 'Forgets a pool that is not in use.', { name: text() }),
  command(
    'get-pools',
    'Pools and how full they are, by name.',
    { leases: choice('With their leases.'), name: input() },
    { outputSections: POOL },
  ),
  command('get-algorithms', 'Algorithms and who implements them, by kind and name.', NONE, {
    output: Object.fromEntries(ALGORITHM_KINDS.map((kind) => [kind, textsByName()])),
  }),
  command(
    'get-counters',
    'Counters of IKE, all together or by connection; the name of the former is empty.',
    { name: input('A connection.'), all: choice('All connections.') },
    { output: { counters: named(COUNTERS) } },
  ),
  command(
    'explain',
    'Why a connection, or the one of a child, is not up.',
    { name: text('Of the connection or the child.') },
    { output: EXPLANATION, ours: true },
  ),
  command('reset-counters', 'Sets counters to zero.', {
    name: input('A connection.'),
    all: choice('All connections.'),
  }),
];
