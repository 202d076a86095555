import { loadCrowd } from './crowd.ts';
import { Initiators } from './initiators.ts';
import { isolate } from './isolate.ts';
import { type Row, table } from './report.ts';
import { PRODUCTS, type Product, Responder } from './responder.ts';
import { cpuMicros } from './usage.ts';

/**
 * CPU time of the responder per IKE_SA with one CHILD_SA, by the number of connections that are loaded: all with the same addresses
 * and proposals, each for another peer, the one for the clients loaded last. Arguments: [rounds] [setups] [most connections].
 */

const SECRET = { kind: 'psk', secret: 'a secret of the benchmark' } as const;
const IKE = 'aes128gcm16-prfsha256-x25519';
const rounds = Number(process.argv[2] ?? 3);
const setups = Number(process.argv[3] ?? 1000);
const most = Number(process.argv[4] ?? 10_000);
/** Connections loaded, and the ratio to charon that is the goal. */
const CROWDS = [
  { size: 1, goal: 0.75 },
  { size: 1000, goal: 0.08 },
  { size: 10_000, goal: 0.002 },
].filter(({ size }) => size <= most);

/**
 * Setups that count and that warm up (those are deleted again), and how many are under way at once. Ours has a compiler that needs ten
 * thousand. charon has none, and needs nearly half a second for each with 10 000, so that with several it would be slower than
 * their patience.
 */
function effort(product: Product, size: number) {
  if (product === 'ours') return { warmUp: 10_000, count: setups, parallel: 4 };
  if (size < 10_000) return { warmUp: 100, count: Math.min(setups, 300), parallel: 4 };
  return { warmUp: 2, count: 8, parallel: 1 };
}

async function measure(product: Product, size: number): Promise<number> {
  const charon = { dos_protection: 'no' };
  await using responder = await Responder.start(product, { logging: 'silent', charon });
  await loadCrowd(responder, 0, size - 1);
  await responder.configure([IKE], SECRET);
  await using initiators = await Initiators.open(SECRET);
  const { warmUp, count, parallel } = effort(product, size);
  const load = async (amount: number): Promise<number> => {
    const before = cpuMicros(responder.pid);
    const { established, failures } = await initiators.establish(amount, parallel, IKE);
    if (established < amount)
      throw new Error(`${product}: ${failures.length} failed: ${failures[0]}`);
    return (cpuMicros(responder.pid) - before) / amount;
  };
  await load(warmUp);
  await initiators.endAll(parallel);
  return await load(count);
}

isolate();
const rows: Row[] = [];
for (const { size, goal } of CROWDS) {
  const results: Record<Product, number[]> = { ours: [], charon: [] };
  for (let round = 0; round < rounds; round++) {
    for (const product of PRODUCTS) {
      const micros = await measure(product, size);
      results[product].push(micros);
      console.error(`${size} connections, round ${round + 1}, ${product}: ${micros.toFixed(0)} us`);
    }
  }
  const what = `CPU per setup, ${size} ${size === 1 ? 'connection' : 'connections'}`;
  rows.push({ what, unit: 'us', ...results, goal: { ratio: goal } });
}
console.log(table(rows));
