import { value } from '../../daemon/config/tree.ts';
import { countEvents } from './count-events.ts';
import { loadCrowd } from './crowd.ts';
import { isolate } from './isolate.ts';
import { type Row, table } from './report.ts';
import { PRODUCTS, type Product, Responder, type ResponderSetup } from './responder.ts';
import { cpuMicros, residentOctets } from './usage.ts';

/**
 * Many connections over VICI, one request each: CPU time of the daemon to load them, to load them again unchanged, to list them,
 * to initiate one by name and to unload them. Arguments: [rounds] [connections].
 */

const rounds = Number(process.argv[2] ?? 3);
const amount = Number(process.argv[3] ?? 10_000);
/** Connections loaded and unloaded before anything counts. */
const WARM_UP = 1000;
/** Of one connection by name; charon takes nearly a second for each. */
const INITIATIONS: Readonly<Record<Product, number>> = { ours: 100, charon: 3 };

interface Measured {
  readonly load: number;
  readonly reload: number;
  readonly change: number;
  readonly list: number;
  readonly listOne: number;
  readonly initiateFirst: number;
  readonly initiateLast: number;
  readonly unload: number;
  readonly memory: number;
}

const SETUP: ResponderSetup = {
  logging: 'silent',
  charon: {
    // Nobody answers, and nothing is sent twice while it is measured.
    retransmit_timeout: 60,
    // There is never more than one IKE_SA: a table for thousands would cost charon 10 ms for each that is looked for by name.
    ikesa_table_size: 1,
    ikesa_table_segments: 1,
  },
};

async function measure(product: Product): Promise<Measured> {
  await using responder = await Responder.start(product, SETUP);
  const { vici, pid, socket } = responder;
  const operations = INITIATIONS[product];
  /** Milliseconds of CPU. */
  const cpu = async (work: () => Promise<unknown>): Promise<number> => {
    const before = cpuMicros(pid);
    await work();
    return (cpuMicros(pid) - before) / 1000;
  };
  const unload = async (first: number, count: number): Promise<void> => {
    for (let i = first; i < first + count; i++) await vici.unloadConn(`conn${i}`);
  };
  await vici.loadShared({
    id: 'psk',
    type: 'IKE',
    data: 'a secret of the benchmark',
    owners: ['%any'],
  });
  await loadCrowd(responder, amount, WARM_UP);
  await unload(amount, WARM_UP);
  const empty = residentOctets(pid);
  const load = await cpu(() => loadCrowd(responder, 0, amount));
  const memory = (residentOctets(pid) - empty) / 1e6;
  const reload = await cpu(() => loadCrowd(responder, 0, amount));
  const changes = Math.ceil(amount / 10);
  const change = await cpu(() => loadCrowd(responder, 0, changes, { dpd_delay: '30s' }));
  const list = await cpu(async () => {
    const { events } = await countEvents(socket, 'list-conns', 'list-conn');
    if (events !== amount) throw new Error(`${product} listed ${events} connections`);
  });
  const last = amount - 1;
  const listOne = await cpu(async () => {
    for (let i = 0; i < operations; i++) {
      const only = [value('ike', `conn${last}`)];
      const { events } = await countEvents(socket, 'list-conns', 'list-conn', only);
      if (events !== 1) throw new Error(`${product} listed ${events} connections`);
    }
  });
  // Each is closed again, so that every one makes an IKE_SA.
  const initiate = async (child: string, ike: string): Promise<number> => {
    const once = async (): Promise<void> => {
      await vici.request('initiate', { child, ike, timeout: '-1' });
      await vici.call('terminate', { ike, force: 'yes', timeout: '-1' });
    };
    await once();
    return cpu(async () => {
      for (let i = 0; i < operations; i++) await once();
    });
  };
  await loadCrowd(responder, 0, 1, { remote_addrs: ['127.0.0.3'] });
  await loadCrowd(responder, last, 1, { remote_addrs: ['127.0.0.3'] });
  const initiateFirst = await initiate('net0', 'conn0');
  const initiateLast = await initiate(`net${last}`, `conn${last}`);
  const unloaded = await cpu(() => unload(0, amount));
  return {
    load: (load * 1000) / amount,
    reload: (reload * 1000) / amount,
    change: (change * 1000) / changes,
    list,
    listOne: (listOne * 1000) / operations,
    initiateFirst: (initiateFirst * 1000) / operations,
    initiateLast: (initiateLast * 1000) / operations,
    unload: (unloaded * 1000) / amount,
    memory,
  };
}

isolate();
const results: Record<Product, Measured[]> = { ours: [], charon: [] };
const wanted = PRODUCTS.filter((product) => (process.argv[4] ?? product) === product);
for (let round = 0; round < rounds; round++) {
  for (const product of wanted) {
    const measured = await measure(product);
    results[product].push(measured);
    console.error(`round ${round + 1}, ${product}: ${JSON.stringify(measured)}`);
  }
}
const row = (what: string, unit: string, key: keyof Measured, goal?: number): Row => ({
  what,
  unit,
  ours: results.ours.map((measured) => measured[key]),
  charon: results.charon.map((measured) => measured[key]),
  ...(goal === undefined ? {} : { goal: { ratio: goal } }),
  digits: unit === 'us' ? 0 : 1,
});
console.log(
  table([
    row(`CPU per connection, loading ${amount}`, 'us', 'load', 0.8),
    row('– loading all again, unchanged', 'us', 'reload', 0.4),
    row('– loading a tenth again, changed', 'us', 'change'),
    row('– unloading all', 'us', 'unload'),
    row('memory for them', 'MB', 'memory'),
    row('CPU of list-conns of all', 'ms', 'list'),
    row('– of the last one by name', 'us', 'listOne'),
    row(
      'CPU of initiate and terminate by name, the connection loaded first',
      'us',
      'initiateFirst',
    ),
    row('– loaded last', 'us', 'initiateLast'),
  ]),
);
