import { setTimeout as sleep } from 'node:timers/promises';
import { Initiators } from './initiators.ts';
import { isolate } from './isolate.ts';
import { type Row, table } from './report.ts';
import { PRODUCTS, type Product, Responder } from './responder.ts';
import { residentOctets } from './usage.ts';

/**
 * Resident memory of the responder with many established IKE_SAs of one CHILD_SA each: per IKE_SA (growth since just
 * before the first) and of the whole process. Arguments: [rounds] [IKE_SAs].
 */

const SECRET = { kind: 'psk', secret: 'a secret of the benchmark' } as const;
const IKE = 'aes128gcm16-prfsha256-x25519';
const PARALLEL = 4;
/** A runtime that collects garbage has returned what it will by then. */
const SETTLE_MILLIS = 5000;
const rounds = Number(process.argv[2] ?? 1);
const amount = Number(process.argv[3] ?? 10_000);

interface Measured {
  readonly idle: number;
  readonly whole: number;
  readonly atOnce: number;
}

async function measure(product: Product): Promise<Measured> {
  const charon = { dos_protection: 'no' };
  await using responder = await Responder.start(product, { logging: 'file', charon });
  await responder.configure([IKE], SECRET);
  await sleep(SETTLE_MILLIS);
  const idle = residentOctets(responder.pid);
  await using initiators = await Initiators.open(SECRET);
  const { established, failures } = await initiators.establish(amount, PARALLEL, IKE);
  if (established < amount)
    throw new Error(`${product}: ${failures.length} failed: ${failures[0]}`);
  const atOnce = residentOctets(responder.pid);
  await sleep(SETTLE_MILLIS);
  const whole = residentOctets(responder.pid);
  if ((await responder.size()) !== amount) throw new Error(`${product} lost IKE_SAs`);
  return { idle, whole, atOnce };
}

isolate();
const results: Record<Product, Measured[]> = { ours: [], charon: [] };
for (let round = 0; round < rounds; round++) {
  for (const product of PRODUCTS) {
    const measured = await measure(product);
    results[product].push(measured);
    console.error(`round ${round + 1}, ${product}: ${JSON.stringify(measured)}`);
  }
}
const row = (
  what: string,
  unit: string,
  of: (measured: Measured) => number,
  goal?: Row['goal'],
): Row => ({
  what,
  unit,
  ours: results.ours.map(of),
  charon: results.charon.map(of),
  digits: 1,
  ...(goal === undefined ? {} : { goal }),
});
const thousand = amount.toLocaleString('en');
console.log(
  table([
    row(`memory per IKE_SA at ${thousand}`, 'kB', (m) => (m.whole - m.idle) / amount / 1000, {
      ratio: 0.9,
    }),
    row(`whole process at ${thousand}`, 'MB', (m) => m.whole / 1e6, { ratio: 1.3 }),
    row('– the moment the last is up', 'MB', (m) => m.atOnce / 1e6),
    row('idle, one connection loaded', 'MB', (m) => m.idle / 1e6, { most: 70 }),
  ]),
);
