import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { COMMAND_DOCS, START_OPTIONS, UTC_OPTION } from '../../../daemon/cli/ipsec/command-docs.ts';
import { IPSEC_COMMANDS } from '../../../daemon/cli/ipsec/program.ts';
import { parseStarterOptions } from '../../../daemon/cli/ipsec/starter-options.ts';
import { USAGE as IPSEC_USAGE } from '../../../daemon/cli/ipsec/usage.ts';
import { COMMANDS } from '../../../daemon/cli/swanctl/program.ts';
import { HELP_OPTION, SHARED_OPTIONS } from '../../../daemon/cli/swanctl/shared-options.ts';
import { KEY_STATUS } from '../../../daemon/config/feature-status.ts';
import { LOG_GROUPS } from '../../../daemon/contracts/log-targets.ts';
import { ExitCode } from '../../../daemon/exit-codes.ts';
import { AUTHORITY_INPUT, POOL_INPUT } from '../../../daemon/vici/schema/inputs.ts';
import { manuals } from '../../../scripts/lib/manuals/manuals.ts';
import { plain } from '../../../scripts/lib/manuals/roff.ts';

const folder = mkdtempSync(join(tmpdir(), 'man-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PAGES = [...manuals('1.2.3')].filter(([path]) => path.startsWith('man/'));
const canFormat = spawnSync('man', ['--version']).status === 0;

function fileOf(path: string, text: string): string {
  const file = join(folder, path.replaceAll('/', '-'));
  writeFileSync(file, text);
  return file;
}

/** A page as people see it, on lines of any length, and what the formatter complained of. */
function shown(path: string): { readonly text: string; readonly warnings: string } {
  const page = PAGES.find(([name]) => name === path)?.[1] ?? '';
  const { stdout, stderr } = spawnSync(
    'man',
    ['--warnings=w', '-E', 'UTF-8', '--no-justification', '-l', fileOf(path, page)],
    { encoding: 'utf8', env: { ...process.env, MANWIDTH: '1000', MANROFFSEQ: '', PAGER: 'cat' } },
  );
  return { text: stdout, warnings: stderr };
}

/** Of these, what a page does not show. */
const missing = (path: string, terms: readonly string[]): readonly string[] => {
  const { text } = shown(path);
  return terms.filter((term) => !text.includes(term));
};

describe.runIf(canFormat)('manual pages', () => {
  test.each(PAGES.map(([path]) => path))('%s is formatted without a warning', (path) => {
    const { text, warnings } = shown(path);
    expect(warnings).toBe('');
    expect(text).toContain('SEE ALSO');
    // Nothing of the markup is left.
    expect(text).not.toMatch(/\\f|\\-|^\./m);
  });

  test('a mistake in a page would be seen', () => {
    const bad = spawnSync('man', ['--warnings=w', '-l', fileOf('bad', '.TH A 1\n.XY z\n\\fQx\n')], {
      encoding: 'utf8',
    });
    expect(bad.stderr).not.toBe('');
  });

  test('swanctl(8) has every command and every option', () => {
    const options = [HELP_OPTION, ...SHARED_OPTIONS, ...COMMANDS.flatMap((one) => one.options)];
    const terms = options.flatMap(({ long, short, help }) => [
      short === undefined ? `--${long}` : argumentless(long, short),
      `${help}.`,
    ]);
    const commands = COMMANDS.flatMap(({ long, short, synopsis, description }) => [
      `--${long} (-${short})`,
      ...synopsis,
      description.slice(1),
    ]);
    const page = shown('man/swanctl.8')
      .text.replace(/ value\b/g, '')
      .replaceAll('.  ', '. ');
    expect([...terms, ...commands].filter((term) => !page.includes(term))).toEqual([]);
  });

  test('swanctl.conf(5) has every key', () => {
    const keys = [
      ...[...KEY_STATUS.connection.keys()].map((name) => `connections.<conn>.${name}`),
      ...[...KEY_STATUS.local.keys()].map((name) => `connections.<conn>.local<suffix>.${name}`),
      ...[...KEY_STATUS.remote.keys()].map((name) => `connections.<conn>.remote<suffix>.${name}`),
      ...[...KEY_STATUS.child.keys()].map((name) => `connections.<conn>.children.<child>.${name}`),
      ...Object.keys(POOL_INPUT.fields).map((name) => `pools.<name>.${name}`),
      ...Object.keys(AUTHORITY_INPUT.fields).map((name) => `authorities.<name>.${name}`),
      ...['ike', 'ppk', 'eap', 'ntlm', 'private', 'rsa', 'ecdsa', 'pkcs8', 'pkcs12', 'token'].map(
        (kind) => `secrets.${kind}<suffix>`,
      ),
    ];
    expect(keys.length).toBeGreaterThan(120);
    expect(missing('man/swanctl.conf.5', keys)).toEqual([]);
  });

  test('ipsec(8) has every command of the usage text and every option', () => {
    const words = IPSEC_USAGE.split('\n')
      .filter((line) => line.startsWith('\t'))
      .flatMap((line) => line.trim().split(' ')[0]?.split('|') ?? []);
    const names = COMMAND_DOCS.map(({ name }) => name).toSorted();
    expect(names).toEqual(words.toSorted());
    // An old name of rereadsecrets.
    expect(names).toEqual(IPSEC_COMMANDS.filter((word) => word !== 'secrets').toSorted());
    const terms = [...COMMAND_DOCS, ...START_OPTIONS, UTC_OPTION].map(({ name, args }) =>
      `${name} ${args}`.trimEnd(),
    );
    expect(missing('man/ipsec.8', terms)).toEqual([]);
    for (const { name, args } of START_OPTIONS) {
      const given = args === '' ? [name] : [name, '5'];
      expect(parseStarterOptions(given), name).toBeTypeOf('object');
    }
    const inUsage = IPSEC_USAGE.match(/--[a-z-]+/g) ?? [];
    const documented = [...COMMAND_DOCS, ...START_OPTIONS, UTC_OPTION].map(({ name }) => name);
    expect(inUsage.filter((word) => !documented.includes(word))).toEqual([]);
  });

  test('charon-ts(8) has every option, log group and exit code', () => {
    const codes = Object.values(ExitCode).map((code) => `\n       ${code}      `);
    const options = ['--help', '--version', '--debug-group level'];
    expect(missing('man/charon-ts.8', [...codes, ...options, LOG_GROUPS.join(', ')])).toEqual([]);
  });
});

function argumentless(long: string, short: string): string {
  return `--${long}, -${short}`;
}

test('a text stays what it is in roff', () => {
  const text = '.SH no\n\'so\n\\fBbold\\fR -x `a` ^$ ~ "q"';
  expect(plain(text)).toBe('\\&.SH no\n\\(aqso\n\\efBbold\\efR \\-x \\(gaa\\(ga \\(ha$ \\(ti "q"');
  if (!canFormat) return;
  const file = fileOf('plain', `.TH A 1\n.nf\n${plain(text)}\n`);
  const out = execFileSync('man', ['-E', 'UTF-8', '-l', file], { encoding: 'utf8' });
  const lines = out.split('\n').map((line) => line.trim());
  for (const line of text.split('\n')) expect(lines).toContain(line);
});
