/**
 * The long run of the wire fuzzer, by hand: `node test/fuzz/long-run.ts [inputs] [first seed]`. Prints progress and,
 * at the end, how many inputs were accepted and refused and how slow the slowest was.
 */
import { captureDatagrams } from '../support/captures.ts';
import { corpus, fuzzWire, LIMIT_PER_KILOBYTE } from '../support/wire-fuzz.ts';

const INPUTS_PER_SEED = 100_000;

const [inputs = '10000000', firstSeed = '1000'] = process.argv.slice(2);
const rounds = Math.ceil(Number(inputs) / INPUTS_PER_SEED);
const captures = captureDatagrams();
const total = { accepted: 0, refused: 0, slowestOnce: 0, slowest: 0, octets: 0 };
const start = performance.now();

for (let round = 0; round < rounds; round++) {
  const seed = Number(firstSeed) + round;
  const outcome = fuzzWire(seed, INPUTS_PER_SEED, corpus(seed, captures));
  total.accepted += outcome.accepted;
  total.refused += outcome.refused;
  total.octets += outcome.octets;
  total.slowestOnce = Math.max(total.slowestOnce, outcome.slowestOnce);
  total.slowest = Math.max(total.slowest, outcome.slowest);
  if (round % 10 === 9) console.log(`seed ${seed}: ${summary()}`);
}
console.log(`done: ${summary()}`);
if (total.slowest >= LIMIT_PER_KILOBYTE) process.exitCode = 1;

function summary(): string {
  const seconds = (performance.now() - start) / 1000;
  const count = total.accepted + total.refused;
  return [
    `${count} inputs (${(total.octets / 2 ** 20).toFixed(0)} MiB) in ${seconds.toFixed(0)} s`,
    `${total.accepted} accepted, ${total.refused} refused`,
    `slowest ${total.slowest.toFixed(3)} ms/KiB repeatedly, ${total.slowestOnce.toFixed(3)} once`,
  ].join('; ');
}
