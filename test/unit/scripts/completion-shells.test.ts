import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect } from 'vitest';
import { COMMAND_DOCS } from '../../../daemon/cli/ipsec/command-docs.ts';
import { COMMANDS } from '../../../daemon/cli/swanctl/program.ts';
import { HELP_OPTION, SHARED_OPTIONS } from '../../../daemon/cli/swanctl/shared-options.ts';
import { LOG_GROUPS } from '../../../daemon/contracts/log-targets.ts';
import { describeWith, testWith } from '../../support/capability.ts';
import { completionFolder } from '../../support/completion-folder.ts';

let folder = '';
beforeAll(() => {
  folder = completionFolder();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Shell = 'zsh' | 'fish';

/** What a shell offers at the end of each of these lines, in the order of the alphabet. */
function offered(shell: Shell, lines: readonly string[]): readonly (readonly string[])[] {
  const text = execFileSync(shell, COMMAND_LINES[shell](lines), {
    encoding: 'utf8',
    cwd: folder,
    env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, HOME: folder, TERM: 'xterm' },
    timeout: 60_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const parts = text.split(/^==$/m).slice(0, -1);
  // the help is behind a tab
  const words = (part: string): string[] =>
    part.split('\n').map((line) => line.split('\t')[0] ?? '');
  return parts.map((part) => [...new Set(words(part))].filter((word) => word !== '').toSorted());
}

const ZSH_SCRIPT = fileURLToPath(new URL('../../support/offers.zsh', import.meta.url));

const COMMAND_LINES: Readonly<Record<Shell, (lines: readonly string[]) => readonly string[]>> = {
  zsh: (lines) => ['-f', ZSH_SCRIPT, join(folder, 'completions/zsh'), ...lines],
  fish: (lines) => [
    '--no-config',
    '-c',
    `for file in ${folder}/completions/fish/*
  source $file
end
for line in $argv
  complete -C $line
  echo ==
end`,
    ...lines,
  ],
};

/** A line, and what is offered at its end. */
type Expected = readonly [line: string, words: readonly string[]];

const ALL_OF_IPSEC = COMMAND_DOCS.map(({ name }) => name);
const ALL_OF_SWANCTL = [...COMMANDS, HELP_OPTION, ...SHARED_OPTIONS].map(({ long }) => `--${long}`);

const COMMON: readonly Expected[] = [
  ['swanctl --list-p', ['--list-pols', '--list-pools']],
  ['ipsec purge', ['purgecerts', 'purgecrls', 'purgeike', 'purgeocsp']],
  ['ipsec --', ALL_OF_IPSEC.filter((name) => name.startsWith('-'))],
  ['ipsec listcerts --', ['--utc']],
  ['ipsec up ', ['gw']],
  ['ipsec statusall x', []],
  ['swanctl --initiate --ike ', ['gw', 'gx']],
  ['swanctl --terminate --force --child n', ['net', 'nil']],
  ['swanctl -i -c ', ['a $(b) c', 'net', 'nil']],
  ['swanctl --load-all --file one', ['one.conf']],
  ['charon-ts --debug-ike ', ['-1', '0', '1', '2', '3', '4']],
  ['charon-ts --', ['--help', '--version', ...LOG_GROUPS.map((group) => `--debug-${group}`)]],
  ...COMMANDS.map(
    ({ long, options }): Expected => [
      `swanctl --${long} --`,
      [...options, HELP_OPTION, ...SHARED_OPTIONS].map((option) => `--${option.long}`),
    ],
  ),
];

/** zsh offers at once what fish offers behind a minus. */
const OWN: Readonly<Record<Shell, readonly Expected[]>> = {
  zsh: [
    ['swanctl ', ALL_OF_SWANCTL],
    ['ipsec ', ALL_OF_IPSEC],
  ],
  fish: [
    ['swanctl --', ALL_OF_SWANCTL],
    ['ipsec ', ALL_OF_IPSEC.filter((name) => !name.startsWith('-'))],
  ],
};

for (const shell of ['zsh', 'fish'] as const) {
  describeWith(shell, `completion of ${shell}, in the shell itself`, () => {
    testWith(
      shell,
      'offers commands, their options, names that the daemon knows, and files',
      () => {
        const expected = [...COMMON, ...OWN[shell]];
        const found = offered(
          shell,
          expected.map(([line]) => line),
        );
        expect(Object.fromEntries(expected.map(([line], i) => [line, found[i]]))).toEqual(
          Object.fromEntries(expected.map(([line, words]) => [line, words.toSorted()])),
        );
      },
    );
  });
}
