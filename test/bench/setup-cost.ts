import { type Credentials, certificates } from './credentials.ts';
import { Initiators } from './initiators.ts';
import { isolate } from './isolate.ts';
import { median, type Row, table } from './report.ts';
import { type Logging, PRODUCTS, type Product, Responder } from './responder.ts';
import { cpuMicros } from './usage.ts';

/**
 * CPU time of the responder per IKE_SA with one CHILD_SA: AES-GCM, PSK or certificates, our own initiators against either daemon in
 * turn. What ours does in its process for keys counts as well. Measured three times: the first setups of a process, those that follow, and
 * those after ten thousand more, all deleted again: what a gateway costs that has run for a while.
 * Arguments: [rounds] [setups a round] [part of a kind's name].
 */

const SECRET = { kind: 'psk', secret: 'a secret of the benchmark' } as const;
const WARM_UP = 1000;
const SEASONING = 10_000;
const PARALLEL = 4;
const rounds = Number(process.argv[2] ?? 5);
const setups = Number(process.argv[3] ?? 2000);

interface Kind {
  readonly name: string;
  readonly ike: string;
  readonly logging: Logging;
  readonly goal: number;
  readonly setups: number;
  readonly credentials?: Credentials;
}

const KINDS: readonly Kind[] = [
  {
    name: 'X25519, log to a file',
    ike: 'aes128gcm16-prfsha256-x25519',
    logging: 'file',
    goal: 0.75,
    setups,
  },
  {
    name: 'X25519, silent',
    ike: 'aes128gcm16-prfsha256-x25519',
    logging: 'silent',
    goal: 0.75,
    setups,
  },
  {
    name: 'X25519 with ML-KEM-768, silent',
    ike: 'aes128gcm16-prfsha256-x25519-ke1_mlkem768',
    logging: 'silent',
    goal: 1,
    setups,
  },
  {
    name: 'MODP2048, log to a file',
    ike: 'aes128gcm16-prfsha256-modp2048',
    logging: 'file',
    goal: 0.3,
    setups: setups / 2,
  },
  {
    name: 'ECDSA P-256 certificates, ECP256, log to a file',
    ike: 'aes128gcm16-prfsha256-ecp256',
    logging: 'file',
    goal: 0.6,
    setups: setups / 2,
    credentials: certificates('p256'),
  },
  {
    name: 'RSA-2048 certificates, X25519, log to a file',
    ike: 'aes128gcm16-prfsha256-x25519',
    logging: 'file',
    goal: 0.75,
    setups: setups / 2,
    credentials: certificates('rsa2048'),
  },
];

interface Measured {
  readonly cold: number;
  readonly warm: number;
  readonly steady: number;
}

async function measure(product: Product, kind: Kind): Promise<Measured> {
  const charon = { dos_protection: 'no' };
  await using responder = await Responder.start(product, { logging: kind.logging, charon });
  const credentials = kind.credentials ?? SECRET;
  await responder.configure([kind.ike], credentials);
  await using initiators = await Initiators.open(credentials);
  const load = async (count: number): Promise<number> => {
    const before = cpuMicros(responder.pid);
    const { established, failures } = await initiators.establish(count, PARALLEL, kind.ike);
    if (established < count)
      throw new Error(`${product}: ${failures.length} failed: ${failures[0]}`);
    return (cpuMicros(responder.pid) - before) / count;
  };
  const cold = await load(WARM_UP);
  const warm = await load(kind.setups);
  await load(SEASONING);
  await initiators.endAll(PARALLEL);
  return { cold, warm, steady: await load(kind.setups) };
}

const wanted = process.argv[4] ?? '';

isolate();
const rows: Row[] = [];
for (const kind of KINDS.filter(({ name }) => name.includes(wanted))) {
  const results: Record<Product, Measured[]> = { ours: [], charon: [] };
  for (let round = 0; round < rounds; round++) {
    for (const product of PRODUCTS) {
      const measured = await measure(product, kind);
      results[product].push(measured);
      console.error(
        `${kind.name}, round ${round + 1}, ${product}: ${measured.steady.toFixed(0)} us (first ${WARM_UP}: ${measured.cold.toFixed(0)} us, then ${measured.warm.toFixed(0)} us)`,
      );
    }
  }
  const unit = 'us';
  const { ours, charon } = results;
  const row = (what: string, of: keyof Measured): Row => ({
    what,
    unit,
    ours: ours.map((one) => one[of]),
    charon: charon.map((one) => one[of]),
  });
  rows.push(
    {
      ...row(`CPU per setup, ${kind.name}, after ${SEASONING}`, 'steady'),
      goal: { ratio: kind.goal },
    },
    row(`– first ${WARM_UP} after the start`, 'cold'),
    row(`– those that follow`, 'warm'),
  );
  console.error(
    `ratio ${(median(ours.map((m) => m.steady)) / median(charon.map((m) => m.steady))).toFixed(2)}`,
  );
}
console.log(table(rows));
