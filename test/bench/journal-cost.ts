import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Initiators } from './initiators.ts';
import { BENCH_CACHE, isolate, run } from './isolate.ts';
import { median } from './report.ts';
import { Responder } from './responder.ts';
import { cpuMicros } from './usage.ts';

/**
 * What `charon.state_journal` costs: CPU time of our responder per IKE_SA with one CHILD_SA with the journal off and on, in turn,
 * the size of the file, and how long a new process takes to start with it. Arguments: [rounds] [setups a round].
 */

const SECRET = { kind: 'psk', secret: 'a secret of the benchmark' } as const;
const WARM_UP = 1000;
const PARALLEL = 4;
const IKE = 'aes128gcm16-prfsha256-x25519';
/** Where our responder keeps its journal: it must be a tmpfs. */
const FOLDER = join(BENCH_CACHE, 'ours.vici.state');
const rounds = Number(process.argv[2] ?? 5);
const setups = Number(process.argv[3] ?? 2000);

async function measure(journal: boolean): Promise<number> {
  const charon = { dos_protection: 'no', state_journal: journal ? 'yes' : 'no' };
  const setup = { logging: 'silent', charon } as const;
  try {
    let micros = 0;
    {
      await using responder = await Responder.start('ours', setup);
      await responder.configure([IKE], SECRET);
      await using initiators = await Initiators.open(SECRET);
      for (const count of [WARM_UP, setups]) {
        const before = cpuMicros(responder.pid);
        const { established, failures } = await initiators.establish(count, PARALLEL, IKE);
        if (established < count) throw new Error(`${failures.length} failed: ${failures[0]}`);
        micros = (cpuMicros(responder.pid) - before) / count;
      }
    }
    if (journal) {
      const octets = statSync(`${FOLDER}/sessions`).size;
      await using successor = await Responder.start('ours', setup);
      console.log(
        `${await successor.size()} IKE_SAs taken over: file ${(octets / 1e6).toFixed(1)} MB, ` +
          `start to first answer ${successor.startMillis.toFixed(0)} ms`,
      );
    }
    return micros;
  } finally {
    rmSync(`${FOLDER}/sessions`, { force: true });
  }
}

isolate();
mkdirSync(FOLDER, { recursive: true });
run('mount', ['-t', 'tmpfs', '-o', 'mode=700', 'tmpfs', FOLDER]);
const results = { off: [] as number[], on: [] as number[] };
for (let round = 0; round < rounds; round++) {
  results.off.push(await measure(false));
  results.on.push(await measure(true));
}
const [off, on] = [median(results.off), median(results.on)];
console.log(`CPU per setup: ${off.toFixed(0)} us without, ${on.toFixed(0)} us with the journal`);
