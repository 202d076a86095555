import { flood, prepareSources } from './flooder.ts';
import { initRequest } from './init-template.ts';
import { Initiators } from './initiators.ts';
import { isolate } from './isolate.ts';
import { percentile, type Row, table } from './report.ts';
import { PRODUCTS, type Product, Responder } from './responder.ts';
import { cpuMicros, residentOctets } from './usage.ts';

/**
 * IKE_SA_INIT requests from spoofed addresses: CPU per COOKIE answer, CPU per full answer with cookies switched off, and
 * what a legitimate client sees meanwhile. Arguments: [rounds] [seconds] [requests a second].
 */

const SECRET = { kind: 'psk', secret: 'a secret of the benchmark' } as const;
const IKE = 'aes128gcm16-prfsha256-x25519';
const rounds = Number(process.argv[2] ?? 3);
const seconds = Number(process.argv[3] ?? 5);
const rate = Number(process.argv[4] ?? 20_000);
/** Requests a second for the cost of a cookie: as many as one core answers easily on either side. */
const COOKIE_RATE = 60_000;
/** Half-open IKE_SAs that a full answer leaves behind stay below every limit. */
const FULL_RATE = 800;
const WARM_UP_SECONDS = 2;

interface Measured {
  readonly cookieMicros: number;
  readonly answeredShare: number;
  readonly fullMicros: number;
  readonly quietP50: number;
  readonly p50: number;
  readonly p95: number;
  readonly failed: number;
  readonly growth: number;
}

const mega = 1e6;

async function withCookies(product: Product, request: Uint8Array) {
  await using responder = await Responder.start(product, { logging: 'file' });
  await responder.configure([IKE], SECRET);
  await using initiators = await Initiators.open(SECRET);
  await initiators.establish(300, 1, IKE);
  const quiet = await initiators.loop(WARM_UP_SECONDS, IKE);
  await flood(request, { rate, seconds: WARM_UP_SECONDS, window: 0 });
  const resident = residentOctets(responder.pid);
  const before = cpuMicros(responder.pid);
  // At this rate both answer in batches, as under a real flood; at a lower one every answer is a wake-up of its own.
  const alone = await flood(request, { rate: COOKIE_RATE, seconds, window: 0 });
  const cookieMicros = (cpuMicros(responder.pid) - before) / alone.cookies;
  const [, client] = await Promise.all([
    flood(request, { rate, seconds, window: 0 }),
    initiators.loop(seconds, IKE),
  ]);
  return {
    cookieMicros,
    answeredShare: (100 * alone.cookies) / alone.sent,
    quietP50: percentile(quiet.millis, 0.5),
    p50: percentile(client.millis, 0.5),
    p95: percentile(client.millis, 0.95),
    failed: client.failures.length,
    growth: (residentOctets(responder.pid) - resident) / mega,
  };
}

async function withoutCookies(product: Product, request: Uint8Array): Promise<number> {
  const charon = { dos_protection: 'no', half_open_timeout: 2 };
  await using responder = await Responder.start(product, { logging: 'file', charon });
  await responder.configure([IKE], SECRET);
  await flood(request, { rate: FULL_RATE, seconds: WARM_UP_SECONDS, window: 32 });
  const before = cpuMicros(responder.pid);
  const { full } = await flood(request, { rate: FULL_RATE, seconds, window: 32 });
  return (cpuMicros(responder.pid) - before) / full;
}

isolate();
prepareSources();
const request = initRequest(IKE);
const results: Record<Product, Measured[]> = { ours: [], charon: [] };
for (let round = 0; round < rounds; round++) {
  for (const product of PRODUCTS) {
    const cookies = await withCookies(product, request);
    const measured = { ...cookies, fullMicros: await withoutCookies(product, request) };
    results[product].push(measured);
    console.error(`round ${round + 1}, ${product}: ${JSON.stringify(measured)}`);
  }
}
const row = (
  what: string,
  unit: string,
  key: keyof Measured,
  digits: number,
  goal?: Row['goal'],
): Row => ({
  what,
  unit,
  ours: results.ours.map((measured) => measured[key]),
  charon: results.charon.map((measured) => measured[key]),
  digits,
  ...(goal === undefined ? {} : { goal }),
});
const flooded = `at ${rate.toLocaleString('en')} requests a second`;
console.log(
  table([
    row('CPU per COOKIE answer', 'us', 'cookieMicros', 1, { ratio: 1 }),
    row(
      `– answered at ${COOKIE_RATE.toLocaleString('en')} requests a second`,
      '%',
      'answeredShare',
      1,
    ),
    row(
      'CPU per full IKE_SA_INIT answer, its half-open IKE_SA dropped after 2 s',
      'us',
      'fullMicros',
      0,
      {
        ratio: 1,
      },
    ),
    row('setup of a client without a flood, p50', 'ms', 'quietP50', 1),
    row(`setup of a client ${flooded}, p50`, 'ms', 'p50', 1),
    row(`setup of a client ${flooded}, p95`, 'ms', 'p95', 1, { most: 100 }),
    row(`clients that failed ${flooded}`, '', 'failed', 0),
    row('memory grown by the flood and its clients', 'MB', 'growth', 1),
  ]),
);
