import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { REPOSITORY } from '../lab/paths.ts';
import { certificates } from './credentials.ts';
import { Initiators } from './initiators.ts';
import { BENCH_CACHE, isolate } from './isolate.ts';
import { Responder } from './responder.ts';

/**
 * The longest stall of our event loop while many peers with certificates connect at the same moment. Arguments: [rounds] [peers].
 */

const rounds = Number(process.argv[2] ?? 5);
const peers = Number(process.argv[3] ?? 200);

const KINDS = [
  ['ECDSA P-256', 'p256', 'aes128gcm16-prfsha256-ecp256'],
  ['RSA-2048', 'rsa2048', 'aes128gcm16-prfsha256-x25519'],
] as const;

interface Stall {
  /** Microseconds. */
  readonly max: number;
  readonly p99: number;
}

async function stallOf(responder: Responder, file: string): Promise<Stall> {
  rmSync(file, { force: true });
  process.kill(responder.pid, 'SIGUSR2');
  while (!existsSync(file)) await sleep(5);
  await sleep(20);
  return JSON.parse(readFileSync(file, 'utf8'));
}

isolate();
console.log('| | longest stall, best to worst round | 99 % of all turns |');
console.log('| --- | --- | --- |');
for (const [name, key, ike] of KINDS) {
  const file = join(BENCH_CACHE, 'stalls.json');
  const credentials = certificates(key);
  await using responder = await Responder.start('ours', {
    logging: 'file',
    charon: { dos_protection: 'no' },
    nodeArguments: ['--import', join(REPOSITORY, 'test/bench/loop-probe.ts')],
    environment: { BENCH_STALLS: file },
  });
  await responder.configure([ike], credentials);
  await using initiators = await Initiators.open(credentials);
  const stalls: Stall[] = [];
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    await stallOf(responder, file);
    const { established, failures } = await initiators.establish(peers, peers, ike);
    if (established < peers) throw new Error(`${failures.length} failed: ${failures[0]}`);
    const stall = await stallOf(responder, file);
    if (round > 0) stalls.push(stall);
  }
  const millis = (values: readonly number[]): string =>
    values
      .toSorted((a, b) => a - b)
      .map((value) => (value / 1000).toFixed(1))
      .join(', ');
  console.log(
    `| ${peers} peers at once, ${name} | ${millis(stalls.map(({ max }) => max))} ms | ${millis(stalls.map(({ p99 }) => p99))} ms |`,
  );
}
