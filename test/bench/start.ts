import { isolate } from './isolate.ts';
import { type Row, table } from './report.ts';
import { PRODUCTS, type Product, Responder } from './responder.ts';
import { cpuMicros, residentOctets } from './usage.ts';

/** Time from `exec` to the first VICI answer, and memory then. Arguments: [rounds]. */

const rounds = Number(process.argv[2] ?? 11);

interface Measured {
  readonly millis: number;
  readonly cpu: number;
  readonly resident: number;
}

async function measure(product: Product): Promise<Measured> {
  await using responder = await Responder.start(product, { logging: 'file' });
  return {
    millis: responder.startMillis,
    cpu: cpuMicros(responder.pid) / 1000,
    resident: residentOctets(responder.pid) / 1e6,
  };
}

isolate();
const results: Record<Product, Measured[]> = { ours: [], charon: [] };
for (let round = 0; round < rounds; round++) {
  for (const product of PRODUCTS) results[product].push(await measure(product));
}
const row = (what: string, unit: string, key: keyof Measured, goal?: Row['goal']): Row => ({
  what,
  unit,
  ours: results.ours.map((measured) => measured[key]),
  charon: results.charon.map((measured) => measured[key]),
  ...(goal === undefined ? {} : { goal }),
});
console.log(
  table([
    row('start to first VICI answer', 'ms', 'millis', { most: 150 }),
    row('– CPU', 'ms', 'cpu'),
    row('resident memory then', 'MB', 'resident', { most: 70 }),
  ]),
);
