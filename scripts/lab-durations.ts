/**
 * Writes test/lab/durations.json, by which the gate divides its lab tests into shards that take equally long, from the reports
 * of a gate that ran in any clone: node scripts/lab-durations.ts .cache/test/lab-1.json .cache/test/lab-2.json .cache/test/lab-3.json
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    /** In milliseconds since 1970. */
    readonly startTime: number;
    readonly endTime: number;
  }[];
}

const repo = join(import.meta.dirname, '..');
const reports = process.argv.slice(2);
if (reports.length === 0) {
  console.error('usage: lab-durations.ts REPORT...');
  process.exit(64);
}
const seconds = reports
  .map((path) => JSON.parse(readFileSync(path, 'utf8')) as Report)
  .flatMap(({ testResults }) => testResults)
  .map(({ name, startTime, endTime }): [string, number] => [
    // The report names files by their absolute path, and the gate runs in a clone of its own.
    name.slice(name.lastIndexOf('/test/') + 1),
    Math.max(1, Math.round((endTime - startTime) / 1000)),
  ]);
const sorted = Object.fromEntries(seconds.toSorted(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(join(repo, 'test/lab/durations.json'), `${JSON.stringify(sorted, null, 2)}\n`);
