import { readFileSync } from 'node:fs';
import type { Host } from './host.ts';
import { REPOSITORY } from './paths.ts';
import { runOk } from './run.ts';

/** Programs that a README calls by name, and what they are here. */
const PROGRAMS = { swanctl: 'daemon/cli/swanctl/main.ts', ipsec: 'daemon/cli/ipsec/main.ts' };

/** A block of commands in a README: ```` ```sh moon ````. */
export interface Step {
  readonly where: string;
  readonly script: string;
}

/** The blocks of commands in a README, in order; those without a place are for reading only. */
export function stepsOf(readme: string): readonly Step[] {
  return [...readme.matchAll(/^```sh (\w+)\n([\s\S]*?)^```$/gm)].map(
    ([, where = '', script = '']) => ({ where, script }),
  );
}

/** The steps of an example's README. */
export function exampleSteps(name: string): readonly Step[] {
  return stepsOf(readFileSync(`${REPOSITORY}/conf/examples/${name}/README.md`, 'utf8'));
}

/** Lets our programs be called by their names on a host. */
export function installPrograms(host: Host): void {
  for (const [name, file] of Object.entries(PROGRAMS)) {
    const script = `#!/bin/sh\nexec ${REPOSITORY}/node_modules/.bin/node ${REPOSITORY}/${file} "$@"\n`;
    host.write(`/usr/local/sbin/${name}`, script, 0o755);
  }
}

/** Where a user without a gateway at hand works: "your computer". */
const DESK = 'anywhere';
const FOLDER = '/root/examples';

/**
 * Runs the commands of an example as its README says, `hosts` by the names it uses; those of "your computer" in a copy of the examples' folder.
 * `settled` is waited for before each step. Resolves with what each step printed. Rejects with the first command that fails.
 */
export async function runExample(
  name: string,
  hosts: Readonly<Record<string, Host>>,
  settled: () => Promise<void>,
): Promise<readonly string[]> {
  const host = (called: string): Host => {
    const found = hosts[called];
    if (found === undefined) throw new Error(`${name}: no host '${called}' here`);
    return found;
  };
  await host(DESK).sh(`rm -rf ${FOLDER}; cp -r ${REPOSITORY}/conf/examples ${FOLDER}`);
  const cwd = `${FOLDER}/${name}`;
  const printed: string[] = [];
  for (const { where, script } of exampleSteps(name)) {
    if (where === 'copy') {
      for (const [, from = '', to = '', folder = ''] of copiesOf(script)) {
        await runOk(['mkdir', '-p', host(to).path(folder)]);
        await runOk(['cp', '-r', host(DESK).path(`${cwd}/${from}`), host(to).path(folder)]);
      }
    } else {
      await settled();
      printed.push(await host(where).sh(where === DESK ? `cd ${cwd}\n${script}` : script));
    }
  }
  return printed;
}

// There is no sshd in the lab.
function copiesOf(script: string): readonly RegExpExecArray[] {
  return script
    .trim()
    .split('\n')
    .map((line) => {
      const copy = /^scp -r (\S+) root@(\w+):(\S+)$/.exec(line);
      if (copy === null) throw new Error(`not a copy of a folder: ${line}`);
      return copy;
    });
}
