import type { OperatorScript } from '../config/options.ts';
import type { Logger } from '../contracts/logger.ts';
import type { CommandEnd, Processes } from '../contracts/processes.ts';
import { ScriptOutput } from '../ike/script-output.ts';

/** Runs the commands of `start-scripts` or `stop-scripts` one after the other; one that fails is logged and no more. */
export async function runScripts(
  when: 'start' | 'stop',
  scripts: readonly OperatorScript[],
  services: { readonly processes: Processes; readonly log: Logger },
  timeLimit: number,
): Promise<void> {
  const { processes, log } = services;
  for (const { name, command } of scripts) {
    log.log('dmn', 1, `executing ${when} script '${name}' (${command})`);
    const output = new ScriptOutput((line) => log.log('dmn', 1, `${name}: ${line}`));
    const end = await processes.run({
      command,
      environment: {},
      timeLimit,
      onOutput: (octets) => output.push(octets),
    });
    output.end();
    const failure = failureOf(end, timeLimit);
    if (failure !== undefined) log.log('dmn', 1, `${when} script '${name}' ${failure}`);
  }
}

function failureOf(end: CommandEnd, timeLimit: number): string | undefined {
  switch (end.kind) {
    case 'exited':
      return end.code === 0 ? undefined : `failed with exit code ${end.code}`;
    case 'killed':
      return `was ended by ${end.signal}`;
    case 'timed-out':
      return `was ended after ${timeLimit / 1000}s`;
    case 'not-started':
      return `could not be started: ${end.reason}`;
  }
}
