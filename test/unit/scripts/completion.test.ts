import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMAND_DOCS } from '../../../daemon/cli/ipsec/command-docs.ts';
import { COMMANDS } from '../../../daemon/cli/swanctl/program.ts';
import { HELP_OPTION, SHARED_OPTIONS } from '../../../daemon/cli/swanctl/shared-options.ts';
import { LOG_GROUPS } from '../../../daemon/contracts/log-targets.ts';
import { PROGRAMS } from '../../../scripts/lib/manuals/completion-model.ts';
import { manuals } from '../../../scripts/lib/manuals/manuals.ts';
import { completionFolder } from '../../support/completion-folder.ts';

let folder = '';
beforeAll(() => {
  folder = completionFolder();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What bash offers for the last of these words. */
function offered(program: string, ...words: readonly string[]): readonly string[] {
  const script = `
    source "$1/completions/bash/$2.bash"
    COMP_WORDS=("\${@:2}") COMP_CWORD=$(($# - 2))
    "_\${2//-/_}"
    for word in "\${COMPREPLY[@]}"; do printf '%s\\n' "$word"; done`;
  const output = execFileSync('bash', ['-c', script, 'bash', folder, program, ...words], {
    encoding: 'utf8',
    cwd: folder,
    env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` },
  });
  return output.split('\n').filter((line) => line !== '');
}

describe('completion of bash', () => {
  test('offers every command', () => {
    const all = [...COMMANDS, HELP_OPTION, ...SHARED_OPTIONS].map(({ long }) => `--${long}`);
    expect(offered('swanctl', '').toSorted()).toEqual(all.toSorted());
    expect(offered('ipsec', '').toSorted()).toEqual(
      COMMAND_DOCS.map(({ name }) => name).toSorted(),
    );
    const groups = LOG_GROUPS.map((group) => `--debug-${group}`);
    expect(offered('charon-ts', '')).toEqual(['--help', '--version', ...groups]);
    expect(offered('swanctl', '--list-p')).toEqual(['--list-pols', '--list-pools']);
    expect(offered('ipsec', 'reread')).toHaveLength(7);
  });

  test.each(COMMANDS)('offers every option of swanctl --$long', ({ long, short, options }) => {
    const all = [...options, HELP_OPTION, ...SHARED_OPTIONS].map((option) => `--${option.long}`);
    expect(offered('swanctl', `--${long}`, '--').toSorted()).toEqual(all.toSorted());
    expect(offered('swanctl', `-${short}`, '--').toSorted()).toEqual(all.toSorted());
  });

  test('offers names that the daemon knows, which are text and nothing to run', () => {
    expect(offered('swanctl', '--initiate', '--ike', '')).toEqual(['gw', 'gx']);
    expect(offered('swanctl', '--initiate', '--child', '')).toEqual([
      'net',
      'nil',
      'a\\ \\$\\(b\\)\\ c',
    ]);
    expect(offered('swanctl', '-i', '-c', 'ne')).toEqual(['net']);
    expect(offered('swanctl', '--terminate', '--force', '--child', '=', 'ni')).toEqual(['nil']);
    expect(offered('swanctl', '--terminate', '--child', '=')).toHaveLength(3);
    expect(offered('ipsec', 'up', '')).toEqual(['gw']);
    expect(offered('ipsec', 'statusall', 'x')).toEqual([]);
  });

  test('offers files and levels where they are due, and nothing where nobody can guess', () => {
    expect(offered('swanctl', '--load-all', '--file', 'one')).toEqual(['one.conf']);
    expect(offered('ipsec', 'start', '--conf', 'one')).toEqual(['one.conf']);
    expect(offered('swanctl', '--uri', 'unix://x', '--list-sas', '--no')).toEqual(['--noblock']);
    expect(offered('charon-ts', '--debug-ike', '')).toEqual(['-1', '0', '1', '2', '3', '4']);
    expect(offered('swanctl', '--initiate', '--timeout', '')).toEqual([]);
    expect(offered('ipsec', 'stop', '')).toEqual([]);
    expect(offered('ipsec', 'listcerts', '--')).toEqual(['--utc']);
  });
});

/** What they offer is in completion-shells.test.ts, where they are installed. */
describe('completion of other shells', () => {
  test.each(PROGRAMS)('$name: every command and option is in the files', (program) => {
    const all = manuals('1.2.3');
    const zsh = all.get(`completions/zsh/_${program.name}`) ?? '';
    const fish = all.get(`completions/fish/${program.name}.fish`) ?? '';
    const options = [...program.options, ...program.commands.flatMap((one) => one.options)];
    for (const { words } of [...options, ...program.commands]) {
      const [word = ''] = words;
      expect(zsh, word).toContain(word);
      expect(fish, word).toMatch(new RegExp(` -[la] ${word.replace(/^--/, '')}( |$)`, 'm'));
    }
  });
});
