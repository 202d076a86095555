import { CharonGateway, type CharonProgram } from '../lab/charon-gateway.ts';
import { ourProgram, STRONGSWAN } from '../lab/charon-programs.ts';
import { ADDRESSES, plan } from '../lab/plan.ts';
import { makeSites, type Sites } from '../lab/sites.ts';
import { type Row, table } from './report.ts';
import { PRODUCTS, type Product } from './responder.ts';

/**
 * Time from the first packet into a trap until its answer is back, the packet being held until there is an SA: with a new
 * IKE_SA, and with a further CHILD_SA in one that is there. Needs a kernel with ESP, and strongSwan as the peer of both.
 * Arguments: [rounds] [acquires a round].
 */

const rounds = Number(process.argv[2] ?? 3);
const acquires = Number(process.argv[3] ?? 15);
/** Not counted: what is compiled and cached meanwhile. */
const WARM_UP = 5;

const PROGRAMS: Readonly<Record<Product, CharonProgram>> = {
  ours: ourProgram(),
  charon: STRONGSWAN,
};

interface Measured {
  readonly whole: number[];
  readonly child: number[];
  readonly plain: number[];
}

/** Milliseconds that one ping takes; fails if there is no answer. */
async function ping({ alice }: Sites): Promise<number> {
  const output = await alice.ok(['ping', '-c', '1', '-W', '5', ADDRESSES.sun[4].host]);
  return Number(/time=([\d.]+) ms/.exec(output)?.[1]);
}

async function measure(sites: Sites, product: Product): Promise<Measured> {
  const trap = { child: { start_action: 'trap' } };
  const whole = plan({ extra: { moon: trap, sun: {} } });
  const moon = new CharonGateway(sites.moon, PROGRAMS[product]);
  const sun = new CharonGateway(sites.sun, STRONGSWAN);
  await Promise.all([moon.start(whole, 'moon'), sun.start(whole, 'sun')]);
  const measured: Measured = { whole: [], child: [], plain: [] };
  try {
    for (let i = 0; i < WARM_UP + acquires; i++) {
      const times = { whole: await ping(sites), plain: await ping(sites), child: 0 };
      await moon.swanctlOk('--terminate', '--child', 'net');
      times.child = await ping(sites);
      await moon.terminate();
      if (i < WARM_UP) continue;
      measured.whole.push(times.whole);
      measured.child.push(times.child);
      measured.plain.push(times.plain);
    }
  } finally {
    await Promise.all([moon.stop(), sun.stop()]);
  }
  return measured;
}

await using sites = await makeSites('bench-acquire');
await sites.moon.ok(['sysctl', '-qw', 'net.core.xfrm_larval_drop=0']);
const results: Record<Product, Measured[]> = { ours: [], charon: [] };
for (let round = 0; round < rounds; round++) {
  for (const product of PRODUCTS) results[product].push(await measure(sites, product));
}
const row = (what: string, key: keyof Measured): Row => ({
  what,
  unit: 'ms',
  digits: 1,
  ours: results.ours.flatMap((measured) => measured[key]),
  charon: results.charon.flatMap((measured) => measured[key]),
});
console.log(
  table([
    row('first packet into a trap, answered; new IKE_SA', 'whole'),
    row('– IKE_SA there already', 'child'),
    row('– CHILD_SA there already', 'plain'),
  ]),
);
