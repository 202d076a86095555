import { setTimeout as sleep } from 'node:timers/promises';
import { Initiators } from './initiators.ts';
import { isolate } from './isolate.ts';
import { type Row, table } from './report.ts';
import { PRODUCTS, type Product, Responder } from './responder.ts';
import { cpuMicros } from './usage.ts';

/**
 * CPU time per rekeying of a CHILD_SA (without a key exchange of its own) and of an IKE_SA, on the side that is asked and on
 * the side that asks: our own initiators against either daemon in turn. Removal of what was replaced counts as well.
 * Arguments: [rounds] [IKE_SAs].
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
type Measured = Record<`${What} ${Asker}`, number>;

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

  const one = async (what: What, asker: Asker): Promise<number> => {
    const cpu = cpuMicros(responder.pid);
    const before = initiators.rekeyings(what);
    if (asker === 'peer') {
      await initiators.rekeyAll(what, PARALLEL);
    } else {
      await responder.vici.call('rekey', what === 'child' ? { child: 'net' } : { ike: 'gw' });
      await initiators.untilRekeyed(what, before, amount);
    }
    await sleep(AFTERWARDS);
    return (cpuMicros(responder.pid) - cpu - idle) / amount;
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
const row = (what: string, key: keyof Measured): Row => ({
  what,
  unit: 'us',
  ours: results.ours.map((measured) => measured[key]),
  charon: results.charon.map((measured) => measured[key]),
});
console.log(
  table([
    row('CPU per CHILD_SA rekeyed by the peer', 'child peer'),
    row('– rekeyed by the daemon itself', 'child itself'),
    row('CPU per IKE_SA rekeyed by the peer, X25519', 'ike peer'),
    row('– rekeyed by the daemon itself', 'ike itself'),
  ]),
);
