import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMAND_DOCS } from '../../../daemon/cli/ipsec/command-docs.ts';
import { connectionText as statusText } from '../../../daemon/cli/ipsec/status-text.ts';
import { connectionText } from '../../../daemon/cli/swanctl/connection-text.ts';
import { Fields } from '../../../daemon/cli/swanctl/fields.ts';
import { COMMANDS } from '../../../daemon/cli/swanctl/program.ts';
import { HELP_OPTION, SHARED_OPTIONS } from '../../../daemon/cli/swanctl/shared-options.ts';
import { list, section, type Tree, value } from '../../../daemon/config/tree.ts';
import { LOG_GROUPS } from '../../../daemon/contracts/log-targets.ts';
import { PROGRAMS } from '../../../scripts/lib/manuals/completion-model.ts';
import { manuals } from '../../../scripts/lib/manuals/manuals.ts';

const folder = mkdtempSync(join(tmpdir(), 'completion-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const child = (name: string, mode: string): Tree[number] =>
  section(name, [value('mode', mode), value('rekey_time', 3600)]);
const connection: Tree = [
  list('local_addrs', ['10.9.0.1', '%any']),
  list('remote_addrs', ['10.9.0.2']),
  value('version', 'IKEv2'),
  value('rekey_time', 14_400),
  section('children', [child('net', 'TUNNEL'), child('nil', 'PASS'), child('a $(b) c', 'BEET')]),
];
const LISTED =
  connectionText('gw', new Fields(connection)) +
  connectionText('gx', new Fields([value('version', 'IKEv2')]));

const STATUSALL = `Status of IKE charon daemon (strongSwan 6.1.0, Linux 6, x86_64):
  uptime: 3 seconds, since Nov 21 05:54:40 2026
Connections:
${statusText('gw', new Fields(connection), [], [])}Security Associations (1 up, 0 connecting):
          gw[1]: ESTABLISHED 5 seconds ago, 10.9.0.1[a]...10.9.0.2[b]
`;

/** A program that prints this, whatever it is asked. */
function programThatPrints(name: string, output: string): void {
  const path = join(folder, 'bin', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.txt`, output);
  writeFileSync(path, `#!/bin/sh\ncat '${path}.txt'\n`);
  chmodSync(path, 0o755);
}

beforeAll(() => {
  for (const [path, text] of manuals('1.2.3')) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  programThatPrints('swanctl', LISTED);
  programThatPrints('ipsec', STATUSALL);
  writeFileSync(join(folder, 'one.conf'), '');
});

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

const has = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

/** The others are only read where they are installed; that all words are in their files holds everywhere. */
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

  test.each(PROGRAMS)('$name: zsh and fish can read them', ({ name }) => {
    if (has('zsh')) execFileSync('zsh', ['-n', join(folder, `completions/zsh/_${name}`)]);
    if (has('fish')) execFileSync('fish', ['-n', join(folder, `completions/fish/${name}.fish`)]);
    execFileSync('bash', ['-n', join(folder, `completions/bash/${name}.bash`)]);
  });
});
