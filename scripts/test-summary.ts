/**
 * Adds up what the steps and suites of scripts/test left in a folder: prints each failure and each skip with its
 * reason, and as the last line `N passed, N failed, N skipped`. Exit code 1 on a failure, and with CI=1 on a skip that
 * is not allowed there.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Assertion {
  readonly fullName: string;
  readonly status: string;
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly Assertion[];
  }[];
}

/** What the machines of CI may lack: a package index besides Debian's and npm's, a kernel that has no ESP, control groups for systemd, and what buildah needs. */
const allowedInCi: readonly string[] = ['python-vici', 'no-esp', 'systemd', 'container'];

const folder = process.argv[2] ?? '.cache/test';
const passed: string[] = [];
const failed: string[] = [];
const skipped: string[] = [];

for (const line of linesOf('steps')) {
  const [outcome, name = ''] = line.split(' ');
  (outcome === 'passed' ? passed : failed).push(name);
}
for (const suite of linesOf('suites')) addSuite(suite);

const forbidden = process.env['CI'] === '1' ? skipped.filter((name) => !isAllowed(name)) : [];
for (const name of failed) console.log(`FAILED ${name}`);
for (const name of skipped) {
  console.log(`SKIPPED ${name}${forbidden.includes(name) ? ' (not allowed here)' : ''}`);
}
console.log(`${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`);
process.exitCode = failed.length > 0 || forbidden.length > 0 ? 1 : 0;

function addSuite(suite: string): void {
  const path = join(folder, `${suite}.json`);
  if (!existsSync(path)) {
    failed.push(`${suite}: ended without a report`);
    return;
  }
  const report = JSON.parse(readFileSync(path, 'utf8')) as Report;
  for (const file of report.testResults) {
    for (const { status, fullName } of file.assertionResults) {
      const list = status === 'passed' ? passed : status === 'failed' ? failed : skipped;
      list.push(fullName);
    }
    const blamed = file.assertionResults.some(({ status }) => status === 'failed');
    if (file.status === 'failed' && !blamed) failed.push(`${file.name}: ${file.message}`);
  }
}

function linesOf(name: string): readonly string[] {
  const path = join(folder, name);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
}

function isAllowed(name: string): boolean {
  return allowedInCi.some((capability) => name.includes(`[needs ${capability}:`));
}
