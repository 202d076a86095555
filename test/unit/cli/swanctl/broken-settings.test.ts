import { expect, test } from 'vitest';
import { ConfNode } from '../../../../daemon/config/conf-tree.ts';
import { OPTIONS } from '../../../../daemon/config/options.ts';
import { resolveOptions } from '../../../../daemon/config/resolve-options.ts';
import { parseConfFile } from '../../../../daemon/config/strongswan-conf.ts';
import { ConfigError } from '../../../../daemon/util/error.ts';
import type { BrokenFile } from '../../../support/broken-configs/broken-file.ts';
import { SETTINGS } from '../../../support/broken-configs/settings-cases.ts';
import { ALLOWED_SYNTAX, SYNTAX } from '../../../support/broken-configs/syntax-cases.ts';
import { check, errorsOf, named } from '../../../support/check-run.ts';
import { OperatorMemoryFiles } from '../../../support/operator-memory-files.ts';

const FILE = '/etc/strongswan.conf';

/** The files of a case, beside {@link FILE}. */
function filesOf(broken: BrokenFile): Readonly<Record<string, string | Uint8Array>> {
  return Object.fromEntries(
    Object.entries(named(broken, 'strongswan.conf')).map(([path, text]) => [`/etc/${path}`, text]),
  );
}

/** Why the daemon would not start. */
function refusal(files: ReturnType<typeof filesOf>): string | undefined {
  try {
    resolveOptions(
      ConfNode.of(parseConfFile(FILE, new OperatorMemoryFiles(files))),
      'charon-systemd',
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
}

test.each([...SYNTAX, ...SETTINGS].map((broken) => [broken.name, broken] as const))(
  'a broken strongswan.conf starts no daemon, and is found: %s',
  async (_, broken) => {
    const files = filesOf(broken);
    const checked = await check({ 'swanctl.conf': '', ...files });
    const errors = broken.errors.map((error) =>
      error
        .replace(/^(main|[\w.]+\.conf):/, '/etc/$1:')
        .replaceAll(/'((?:main|[\w.]+\.conf))'/g, "'/etc/$1'")
        .replaceAll(/(main|\w+\.conf)(?= →)|(?<=→ )(main|\w+\.conf)/g, '/etc/$&')
        .replaceAll('main', 'strongswan.conf'),
    );
    expect(errorsOf(checked)).toEqual(errors);
    expect(checked.code).toBe(22);
    // `file:line:column: message`, word for word.
    expect(errors[0]).toContain(refusal(files)?.replace(/^(\S+:\d+:\d+: )/, '$1error: '));
  },
);

test.each(ALLOWED_SYNTAX.map((allowed) => [allowed.name, allowed] as const))(
  'looks broken and starts a daemon: %s',
  async (_, allowed) => {
    const files = filesOf(allowed);
    expect(refusal(files)).toBeUndefined();
    expect((await check({ 'swanctl.conf': '', ...files })).code).toBe(0);
  },
);

test('values of no meaning are found where they are written, for every option that has a grammar', async () => {
  const junk = '?!';
  let found = 0;
  for (const [name, option] of Object.entries(OPTIONS)) {
    if (option.parse(junk) !== undefined) continue;
    const path = name.split('.');
    const key = path.pop() ?? '';
    const open = path.map((section) => `${section} {`).join(' ');
    const text = `charon { ${open}\n  ${key} = ${junk}\n${'}'.repeat(path.length + 1)}\n`;
    const { lines } = await check({ 'swanctl.conf': '', [FILE]: text });
    const severity = option.strict === true ? 'error' : 'warning';
    const start = `${FILE}:2:3: ${severity}: invalid value '${junk}' for '${name}', allowed is `;
    expect(lines.filter((line) => line.startsWith(start))).toHaveLength(1);
    found++;
  }
  expect(found).toBeGreaterThan(80);
});
