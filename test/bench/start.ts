import { setTimeout as sleep } from 'node:timers/promises';
import { compiledDaemon, isolate } from './isolate.ts';
import { type Row, table } from './report.ts';
import { type Product, Responder } from './responder.ts';
import { cpuMicros, residentOctets } from './usage.ts';

/**
 * Time from `exec` to the first VICI answer, and memory then: ours from the sources and compiled, beside charon. The
 * first start of each, which finds nothing cached, is not counted. Arguments: [rounds].
 */

const rounds = Number(process.argv[2] ?? 11);
/** What was compiled is stored a second after the first start. */
const STORED = 2000;

interface Measured {
  readonly millis: number;
  readonly cpu: number;
  readonly resident: number;
}

type Variant = 'sources' | 'compiled' | 'charon';

async function measure(variant: Variant, program: string, wait = 0): Promise<Measured> {
  const product: Product = variant === 'charon' ? 'charon' : 'ours';
  const setup = variant === 'compiled' ? { program } : {};
  await using responder = await Responder.start(product, { logging: 'file', ...setup });
  const cpu = cpuMicros(responder.pid) / 1000;
  await sleep(wait);
  return { millis: responder.startMillis, cpu, resident: residentOctets(responder.pid) / 1e6 };
}

isolate();
const program = compiledDaemon();
const results: Record<Variant, Measured[]> = { sources: [], compiled: [], charon: [] };
const variants = Object.keys(results) as Variant[];
for (const variant of variants) await measure(variant, program, STORED);
for (let round = 0; round < rounds; round++) {
  for (const variant of variants) results[variant].push(await measure(variant, program));
}
const rows = (variant: Variant, name: string): Row[] => {
  const row = (what: string, unit: string, key: keyof Measured, goal?: Row['goal']): Row => ({
    what: `${what}, ${name}`,
    unit,
    ours: results[variant].map((measured) => measured[key]),
    charon: results.charon.map((measured) => measured[key]),
    ...(goal === undefined ? {} : { goal }),
  });
  return [
    row('start to first VICI answer', 'ms', 'millis', { most: 150 }),
    row('– CPU', 'ms', 'cpu'),
    row('resident memory then', 'MB', 'resident', { most: 70 }),
  ];
};
console.log(table([...rows('sources', 'from the sources'), ...rows('compiled', 'compiled')]));
