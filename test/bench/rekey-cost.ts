import { setTimeout as sleep } from 'node:timers/promises';
import { Initiators } from './initiators.ts';
import { isolate } from './isolate.ts';
import { type Row, table } from './report.ts';
import { PRODUCTS, type Product, Responder } from './responder.ts';
import { cpuMicros } from './usage.ts';

/**
 * CPU time per rekeying of a CHILD_SA (without a key exchange of its own) and of an IKE_SA, on the side that is asked and on
 * the side that asks: our own initiators against either daemon in turn. Removal of what was replaced counts as well. The side
 * that asks rekeys all at once: how long until the last is done is told too. Arguments: [rounds] [IKE_SAs].
 */

const SECRET = { kind: 'psk', secret: 'a secret of the benchmark' } as const;
const IKE = 'aes128gcm16-prfsha256-x25519';
const PARALLEL = 8;
/** What was replaced stays for five seconds. */
const AFTERWARDS = 5500;
const rounds = Number(process.argv[2] ?? 3);
const amount = Number(process.argv[3] ?? 500);

const WHATS = ['child', 'ike'] as const;
type What = (typeof WHATS)[number];
type Asker = 'peer' | 'itself';
/** Microseconds of CPU for each, and milliseconds until all were done. */
interface Cost {
  readonly cpu: number;
  readonly wall: number;
}
type Measured = Record<`${What} ${Asker}`, Cost>;

async function measure(product: Product): Promise<readonly Measured[]> {
  const charon = { dos_protection: 'no' };
  await using responder = await Responder.start(product, { logging: 'file', charon });
  await responder.configure([IKE], SECRET);
  await using initiators = await Initiators.open(SECRET);
  const { established, failures } = await initiators.establish(amount, PARALLEL, IKE);
  if (established < amount)
    throw new Error(`${product}: ${failures.length} failed: ${failures[0]}`);

  // What it does by itself in that time is no part of it.
  const idleBefore = cpuMicros(responder.pid);
  await sleep(AFTERWARDS);
  const idle = cpuMicros(responder.pid) - idleBefore;

  const one = async (what: What, asker: Asker): Promise<Cost> => {
    const cpu = cpuMicros(responder.pid);
    const before = initiators.rekeyings(what);
    const began = performance.now();
    if (asker === 'peer') {
      await initiators.rekeyAll(what, PARALLEL);
    } else {
      await responder.vici.call('rekey', what === 'child' ? { child: 'net' } : { ike: 'gw' });
      await initiators.untilRekeyed(what, before, amount);
    }
    const wall = performance.now() - began;
    await sleep(AFTERWARDS);
    return { cpu: (cpuMicros(responder.pid) - cpu - idle) / amount, wall };
  };
  const results: Measured[] = [];
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    const measured: Measured = {
      'child peer': await one('child', 'peer'),
      'child itself': await one('child', 'itself'),
      'ike peer': await one('ike', 'peer'),
      'ike itself': await one('ike', 'itself'),
    };
    console.error(`${product}, round ${round}: ${JSON.stringify(measured)}`);
    if (round > 0) results.push(measured);
  }
  return results;
}

isolate();
const results: Record<Product, readonly Measured[]> = { ours: [], charon: [] };
for (const product of PRODUCTS) results[product] = await measure(product);
const row = (
  text: string,
  what: What,
  asker: Asker,
  figure: 'cpu' | 'wall',
  ratio: number,
): Row => ({
  what: text,
  unit: figure === 'cpu' ? 'us' : 'ms',
  ours: results.ours.map((measured) => measured[`${what} ${asker}`][figure]),
  charon: results.charon.map((measured) => measured[`${what} ${asker}`][figure]),
  goal: { ratio },
});
const [CHILD, IKE_SA, AT_ONCE] = [0.6, 0.75, 0.5];
console.log(
  table([
    row('CPU per CHILD_SA rekeyed by the peer', 'child', 'peer', 'cpu', CHILD),
    row('– rekeyed by the daemon itself', 'child', 'itself', 'cpu', CHILD),
    row(`– ${amount} at once, until the last is done`, 'child', 'itself', 'wall', AT_ONCE),
    row('CPU per IKE_SA rekeyed by the peer, X25519', 'ike', 'peer', 'cpu', IKE_SA),
    row('– rekeyed by the daemon itself', 'ike', 'itself', 'cpu', IKE_SA),
    row(`– ${amount} at once, until the last is done`, 'ike', 'itself', 'wall', AT_ONCE),
  ]),
);
