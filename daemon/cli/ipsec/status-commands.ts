import { findSection, findText, optional, type Tree, value } from '../../config/tree.ts';
import { Fields } from '../swanctl/fields.ts';
import { listIkes } from './sas.ts';
import type { IpsecSession } from './session.ts';
import { connectionText, type ListedPolicy, policiesText, sasText } from './status-text.ts';

/** `ipsec status`, and `ipsec statusall` with `all`. */
export async function status(
  session: IpsecSession,
  all: boolean,
  filter: string | undefined,
  addresses: readonly string[],
): Promise<void> {
  const classes = all ? await preamble(session, filter, addresses) : undefined;
  const policies = (await listPolicies(session)).filter(
    ({ name }) => filter === undefined || name === filter,
  );
  session.terminal.out(policiesText(policies));
  session.terminal.out(sasText(await listIkes(session), all, filter, classes));
}

async function listPolicies(session: IpsecSession): Promise<readonly ListedPolicy[]> {
  const events = await session.collect('list-policies', 'list-policy', [
    value('trap', 'yes'),
    value('drop', 'yes'),
    value('pass', 'yes'),
  ]);
  return events.flatMap((event) =>
    event.flatMap((entry) => {
      if (entry.kind !== 'section') return [];
      const fields = new Fields(entry.entries);
      return [{ name: fields.text('child'), number: fields.number('reqid'), fields }];
    }),
  );
}

/** Prints what comes before the policies; the result is how this host authenticates in each connection. */
async function preamble(
  session: IpsecSession,
  filter: string | undefined,
  addresses: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const version = new Fields(await session.call('version'));
  const stats = await session.call('stats');
  const part = (name: string): Fields => new Fields(findSection(stats, name) ?? []);
  const levels = (fields: Fields): string =>
    ['critical', 'high', 'medium', 'low'].map((level) => fields.text(level)).join('/');
  const [workers, uptime] = [part('workers'), part('uptime')];
  const active = new Fields(findSection(workers.tree, 'active') ?? []);
  const lines = [
    `Status of IKE charon daemon (strongSwan ${version.text('version')}, ${version.text('sysname')} ${version.text('release')}, ${version.text('machine')}):`,
    `  uptime: ${uptime.text('running')}, since ${uptime.text('since')}`,
  ];
  const memory = part('mallinfo');
  if (memory.has('sbrk')) {
    lines.push(
      `  malloc: sbrk ${memory.text('sbrk')}, mmap ${memory.text('mmap')}, used ${memory.text('used')}, free ${memory.text('free')}`,
    );
  }
  lines.push(
    `  worker threads: ${workers.text('idle')} of ${workers.text('total')} idle, ${levels(active)} working, ` +
      `job queue: ${levels(part('queues'))}, scheduled: ${findText(stats, 'scheduled') ?? '0'}`,
    `  loaded plugins: ${new Fields(stats).items('plugins').join(' ')}`,
  );
  session.terminal.out(`${lines.join('\n')}\n`);
  if (filter === undefined) await pools(session);
  session.line('Listening IP addresses:');
  for (const address of addresses) session.line(`  ${address}`);
  session.line('Connections:');
  const classes = new Map<string, string>();
  for (const event of await session.collect('list-conns', 'list-conn')) {
    for (const conn of event) {
      if (conn.kind !== 'section') continue;
      const own = localClass(conn.entries);
      if (own !== undefined) classes.set(conn.name, own);
      const children = (findSection(conn.entries, 'children') ?? []).flatMap((child) =>
        child.kind === 'section' ? [child] : [],
      );
      const names = children.map(({ name }) => name);
      if (filter !== undefined && conn.name !== filter) continue;
      const fields = children.map(({ entries }) => new Fields(entries));
      session.terminal.out(connectionText(conn.name, new Fields(conn.entries), fields, names));
    }
  }
  return classes;
}

/** How this host authenticates first. */
function localClass(conn: Tree): string | undefined {
  const round = conn.find(({ name }) => name.startsWith('local-'));
  return round?.kind === 'section' ? findText(round.entries, 'class') : undefined;
}

async function pools(session: IpsecSession): Promise<void> {
  const answer = await session.call('get-pools');
  if (answer.length === 0) return;
  session.line('Virtual IP pools (size/online/offline):');
  for (const pool of answer) {
    if (pool.kind !== 'section') continue;
    const fields = new Fields(pool.entries);
    session.line(
      `  ${pool.name}: ${fields.text('size')}/${fields.text('online')}/${fields.text('offline')}`,
    );
  }
}

/** `ipsec leases`, of one pool or of one address in it. */
export async function leases(
  session: IpsecSession,
  pool: string | undefined,
  address: string | undefined,
): Promise<void> {
  const answer = await session.call('get-pools', [
    value('leases', 'yes'),
    ...optional('name', pool),
  ]);
  const found = answer.flatMap((entry) => (entry.kind === 'section' ? [entry] : []));
  if (found.length === 0) {
    session.line(pool === undefined ? 'no pools found' : `pool '${pool}' not found`);
    return;
  }
  for (const { name, entries } of found) {
    const fields = new Fields(entries);
    const used = fields.number('online') + fields.number('offline');
    session.line(
      `Leases in pool '${name}', usage: ${used}/${fields.text('size')}, ${fields.text('online')} online`,
    );
    const rows = (findSection(entries, 'leases') ?? []).flatMap((lease) =>
      lease.kind === 'section' ? [new Fields(lease.entries)] : [],
    );
    const shown = rows.filter(
      (lease) => address === undefined || lease.text('address') === address,
    );
    for (const lease of shown) {
      session.line(
        `  ${lease.text('address').padStart(15)}   ${lease.text('status')}   '${lease.text('identity')}'`,
      );
    }
    if (shown.length === 0) session.line('  no matching leases found');
  }
}

/** Names of the counters as they were called before VICI. */
const COUNTERS: readonly (readonly [vici: string, legacy: string])[] = [
  ['ike-rekey-init', 'ikeInitRekey'],
  ['ike-rekey-resp', 'ikeRspRekey'],
  ['child-rekey', 'ikeChildSaRekey'],
  ['invalid', 'ikeInInvalid'],
  ['invalid-spi', 'ikeInInvalidSpi'],
  ['ike-init-in-req', 'ikeInInitReq'],
  ['ike-init-in-resp', 'ikeInInitRsp'],
  ['ike-init-out-req', 'ikeOutInitReq'],
  ['ike-init-out-resp', 'ikeOutInitRsp'],
  ['ike-auth-in-req', 'ikeInAuthReq'],
  ['ike-auth-in-resp', 'ikeInAuthRsp'],
  ['ike-auth-out-req', 'ikeOutAuthReq'],
  ['ike-auth-out-resp', 'ikeOutAuthRsp'],
  ['create-child-in-req', 'ikeInCrChildReq'],
  ['create-child-in-resp', 'ikeInCrChildRsp'],
  ['create-child-out-req', 'ikeOutCrChildReq'],
  ['create-child-out-resp', 'ikeOutCrChildRsp'],
  ['info-in-req', 'ikeInInfoReq'],
  ['info-in-resp', 'ikeInInfoRsp'],
  ['info-out-req', 'ikeOutInfoReq'],
  ['info-out-resp', 'ikeOutInfoRsp'],
];

/** `ipsec listcounters`: of all together, of one connection, or with `all` of every connection. */
export async function listCounters(session: IpsecSession, name: string | undefined): Promise<void> {
  const answer = await session.call(
    'get-counters',
    name === 'all' ? [value('all', 'yes')] : optional('name', name),
  );
  for (const set of findSection(answer, 'counters') ?? []) {
    if (set.kind !== 'section') continue;
    session.line('');
    session.line(
      set.name === '' ? 'List of IKE counters:' : `List of IKE counters for '${set.name}':`,
    );
    const fields = new Fields(set.entries);
    session.line('');
    for (const [vici, legacy] of COUNTERS)
      session.line(`${legacy.padEnd(18)} ${fields.text(vici).padStart(12)}`);
  }
  if (findText(answer, 'success') !== 'yes') session.line(`No IKE counters found for '${name}'`);
}

/** `ipsec resetcounters`. */
export async function resetCounters(
  session: IpsecSession,
  name: string | undefined,
): Promise<void> {
  await session.call(
    'reset-counters',
    name === 'all' ? [value('all', 'yes')] : optional('name', name),
  );
}
