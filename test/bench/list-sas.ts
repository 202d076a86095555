import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { value } from '../../daemon/config/tree.ts';
import { REPOSITORY } from '../lab/paths.ts';
import { type Counted, countEvents } from './count-events.ts';
import { Initiators } from './initiators.ts';
import { BENCH_CACHE, isolate } from './isolate.ts';
import { type Row, table } from './report.ts';
import { PRODUCTS, type Product, Responder } from './responder.ts';
import { cpuMicros } from './usage.ts';

/**
 * `list-sas` with many IKE_SAs of one CHILD_SA each: time until the answer, CPU time of the daemon, and how long another
 * client waits for `version` meanwhile, and our longest turn of the event loop; then one IKE_SA by its number, each time by a client of its
 * own as by a program that a person starts. Arguments: [rounds] [IKE_SAs] [ours|charon].
 */

const SECRET = { kind: 'psk', secret: 'a secret of the benchmark' } as const;
const IKE = 'aes128gcm16-prfsha256-x25519';
const PARALLEL = 4;
/** Lists before those that count. */
const WARM_UP = 2;
/** IKE_SAs listed by their number in a round. */
const SINGLE = 100;
const rounds = Number(process.argv[2] ?? 5);
const amount = Number(process.argv[3] ?? 10_000);

interface Measured {
  readonly millis: number;
  readonly cpuMillis: number;
  readonly waited: number;
  /** CPU time of the longest turn of the event loop; charon has none. */
  readonly turn?: number;
  /** CPU time of one by number, microseconds. */
  readonly single: number;
}

const stalls = join(BENCH_CACHE, 'stalls.json');

/** CPU time of the longest turn of the event loop since the last call, milliseconds. */
async function longestTurn({ pid, product }: Responder): Promise<number | undefined> {
  if (product !== 'ours') return undefined;
  rmSync(stalls, { force: true });
  process.kill(pid, 'SIGUSR2');
  while (!existsSync(stalls)) await sleep(5);
  await sleep(20);
  return JSON.parse(readFileSync(stalls, 'utf8')).cpu / 1000;
}

/** Microseconds of CPU for one IKE_SA by its number, connecting and hanging up included. */
async function oneByNumber({ pid, socket }: Responder): Promise<number> {
  const before = cpuMicros(pid);
  for (let i = 0; i < SINGLE; i++) {
    const number = 1 + Math.floor(((amount - 1) * i) / SINGLE);
    const { events } = await countEvents(socket, 'list-sas', 'list-sa', [
      value('ike-id', String(number)),
    ]);
    if (events !== 1) throw new Error(`${events} IKE_SAs have number ${number}`);
  }
  return (cpuMicros(pid) - before) / SINGLE;
}

async function once(responder: Responder, noblock: boolean): Promise<Measured & Counted> {
  await longestTurn(responder);
  let listing = true;
  let waited = 0;
  const other = (async () => {
    while (listing) {
      const began = performance.now();
      await responder.vici.version();
      waited = Math.max(waited, performance.now() - began);
    }
  })();
  const before = cpuMicros(responder.pid);
  const began = performance.now();
  const input = noblock ? [value('noblock', 'yes')] : [];
  const result = await countEvents(responder.socket, 'list-sas', 'list-sa', input);
  const millis = performance.now() - began;
  listing = false;
  await other;
  const cpuMillis = (cpuMicros(responder.pid) - before) / 1000;
  const turn = await longestTurn(responder);
  const single = await oneByNumber(responder);
  return { ...result, millis, cpuMillis, waited, single, ...(turn === undefined ? {} : { turn }) };
}

async function measure(product: Product): Promise<readonly Measured[]> {
  const charon = { dos_protection: 'no' };
  await using responder = await Responder.start(product, {
    logging: 'silent',
    charon,
    nodeArguments: ['--import', join(REPOSITORY, 'test/bench/loop-probe.ts')],
    environment: { BENCH_STALLS: stalls },
  });
  await responder.configure([IKE], SECRET);
  await using initiators = await Initiators.open(SECRET);
  const { established, failures } = await initiators.establish(amount, PARALLEL, IKE);
  if (established < amount)
    throw new Error(`${product}: ${failures.length} failed: ${failures[0]}`);
  const results: Measured[] = [];
  for (let round = -WARM_UP; round < rounds; round++) {
    const measured = await once(responder, round % 2 !== 0);
    if (measured.events !== amount) throw new Error(`${product} listed ${measured.events} IKE_SAs`);
    console.error(`${product}: ${JSON.stringify(measured)}`);
    if (round >= 0) results.push(measured);
  }
  return results;
}

isolate();
const results: Record<Product, readonly Measured[]> = { ours: [], charon: [] };
for (const product of PRODUCTS.filter((one) => (process.argv[4] ?? one) === one))
  results[product] = await measure(product);
const row = (what: string, of: (measured: Measured) => number, more: Partial<Row> = {}): Row => ({
  what,
  unit: 'ms',
  ours: results.ours.map(of),
  charon: results.charon.map(of),
  ...more,
});
const turns = results.ours.map(({ turn }) => turn ?? Number.NaN);
console.log(
  table([
    row(`list-sas of ${amount} IKE_SAs, until the answer`, ({ millis }) => millis),
    row('– CPU time of the daemon', ({ cpuMillis }) => cpuMillis, { goal: { ratio: 0.6 } }),
    row('– longest wait of another client', ({ waited }) => waited, { digits: 1 }),
    {
      what: '– CPU time of the longest turn of the event loop',
      unit: 'ms',
      ours: turns,
      charon: [],
      goal: { most: 20 },
      digits: 1,
    },
    row('– one by its number, CPU time', ({ single }) => single, {
      unit: 'us',
      goal: { ratio: 0.1 },
    }),
  ]),
);
