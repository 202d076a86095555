import { Session } from '../../daemon/vici-session.ts';

// Run on a host of the lab: everything that the typed client can ask of the daemon there, as JSON. Whatever does not fit its types rejects.

/** Keys of a message and of all messages in it. */
function keysOf(message: object): readonly string[] {
  const entries: readonly (readonly [string, unknown])[] =
    message instanceof Map ? [...message] : Object.entries(message);
  return entries.flatMap(([key, value]) => [
    key,
    ...(typeof value === 'object' && value !== null && !Array.isArray(value) ? keysOf(value) : []),
  ]);
}

await using session = await Session.connect();
await using events = session.listen(['ike-updown', 'child-updown']);
const { daemon } = await session.version();
const { ikesas, workers } = await session.stats();
const algorithms = await session.getAlgorithms();
const [connection] = await session.listConns().toArray();
const log: string[] = [];
for await (const { msg } of session.initiate({ child: 'net', timeout: 30_000 })) log.push(msg);
const [sa] = await session.listSas().toArray();
const counters = await session.getCounters({ all: true });
const global = (await session.getCounters()).counters.get('');
const listed = {
  policies: (await session.listPolicies({ trap: true, pass: true, drop: true }).toArray()).length,
  certificates: (await session.listCerts().toArray()).length,
  authorities: (await session.listAuthorities().toArray()).length,
  pools: (await session.getPools({ leases: true })).size,
  connections: (await session.getConns()).conns,
  secrets: (await session.getShared()).keys.length,
  keys: (await session.getKeys()).keys.length,
};
const refusal = await session.unloadConn({ name: 'x' }).catch((error: unknown) => error);
const terminated = await session.terminate({ ike: 'gw', timeout: 10_000 }).result();
const happened: (string | boolean)[] = [];
while (happened.at(-1) !== false) {
  const { value } = await events.next();
  if (value === undefined) break;
  happened.push(value.event, value.data.up);
}
const shown = {
  daemon,
  kinds: [typeof ikesas.total, typeof workers.total, typeof global?.['ike-init-out-req']],
  aes: algorithms.encryption.has('AES_CBC'),
  connection: connection && [connection.name, keysOf(connection.connection)],
  log: log.at(-1),
  sa: sa && [sa.name, sa.ike.state, ...sa.ike['child-sas'].keys(), keysOf(sa.ike)],
  child: sa && [...sa.ike['child-sas'].values()].map((child) => [child.state, child['local-ts']]),
  counted: [...counters.counters.keys()],
  listed,
  refusal: refusal instanceof Error && refusal.message,
  terminated,
  happened,
};
console.log(JSON.stringify(shown));
