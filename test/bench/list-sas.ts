import { value } from '../../daemon/config/tree.ts';
import { type Counted, countEvents } from './count-events.ts';
import { Initiators } from './initiators.ts';
import { isolate } from './isolate.ts';
import { type Row, table } from './report.ts';
import { PRODUCTS, type Product, Responder } from './responder.ts';
import { cpuMicros } from './usage.ts';

/**
 * `list-sas` with many IKE_SAs of one CHILD_SA each: time until the answer, CPU time of the daemon, and how long another
 * client waits for `version` meanwhile. Arguments: [rounds] [IKE_SAs].
 */

const SECRET = { kind: 'psk', secret: 'a secret of the benchmark' } as const;
const IKE = 'aes128gcm16-prfsha256-x25519';
const PARALLEL = 4;
/** Lists before those that count. */
const WARM_UP = 2;
const rounds = Number(process.argv[2] ?? 5);
const amount = Number(process.argv[3] ?? 10_000);

interface Measured {
  readonly millis: number;
  readonly cpuMillis: number;
  readonly waited: number;
}

async function once(responder: Responder, noblock: boolean): Promise<Measured & Counted> {
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
  return { ...result, millis, cpuMillis: (cpuMicros(responder.pid) - before) / 1000, waited };
}

async function measure(product: Product): Promise<readonly Measured[]> {
  const charon = { dos_protection: 'no' };
  await using responder = await Responder.start(product, { logging: 'silent', charon });
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
for (const product of PRODUCTS) results[product] = await measure(product);
const row = (what: string, of: (measured: Measured) => number, digits = 0): Row => ({
  what,
  unit: 'ms',
  ours: results.ours.map(of),
  charon: results.charon.map(of),
  digits,
});
console.log(
  table([
    row(`list-sas of ${amount} IKE_SAs, until the answer`, ({ millis }) => millis),
    row('– CPU time of the daemon', ({ cpuMillis }) => cpuMillis),
    row('– longest wait of another client', ({ waited }) => waited, 1),
  ]),
);
