import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KEY_STATUS, type SectionLevel } from '../../../../daemon/config/feature-status.ts';
import type { BrokenFile } from '../../../support/broken-configs/broken-file.ts';
import { SWANCTL } from '../../../support/broken-configs/swanctl-cases.ts';
import { ALLOWED_SYNTAX, SYNTAX } from '../../../support/broken-configs/syntax-cases.ts';
import { BAD_VALUES } from '../../../support/broken-configs/value-cases.ts';
import { type Checked, type Contents, check, errorsOf, named } from '../../../support/check-run.ts';
import { type Loaded, loadAll } from '../../../support/load-run.ts';
import { ViciBench } from '../../../support/vici.ts';

let bench: ViciBench;

beforeAll(async () => {
  bench = await ViciBench.start();
});

afterAll(() => bench[Symbol.asyncDispose]());

/** What the check and what loading say; they agree whether there is an error. */
async function both(contents: Contents): Promise<{
  readonly checked: Checked;
  readonly loaded: Loaded;
}> {
  const checked = await check(contents, ['--noprompt']);
  const loaded = await loadAll(bench, contents);
  expect({ check: checked.code !== 0, load: loaded.failed }, loaded.stderr).toEqual({
    check: loaded.failed,
    load: checked.code !== 0,
  });
  return { checked, loaded };
}

const filesOf = (broken: BrokenFile): Contents => named(broken, 'swanctl.conf');

const expectedOf = ({ errors }: BrokenFile): readonly unknown[] =>
  errors.map((error) => {
    const text = error.replace(/^main:/, 'swanctl.conf:').replaceAll('main', 'swanctl.conf');
    return text.endsWith('…') ? expect.stringContaining(text.slice(0, -1)) : text;
  });

describe('a broken swanctl.conf is not loaded, and every error has its place', () => {
  test.each([...SYNTAX, ...SWANCTL].map((broken) => [broken.name, broken] as const))(
    '%s',
    async (_, broken) => {
      const { checked } = await both(filesOf(broken));
      expect(errorsOf(checked)).toEqual(expectedOf(broken));
      expect(checked.code).toBe(22);
    },
  );
});

test.each(ALLOWED_SYNTAX.map((allowed) => [allowed.name, allowed] as const))(
  'looks broken and is loaded: %s',
  async (_, allowed) => {
    const { checked, loaded } = await both(filesOf(allowed));
    expect(errorsOf(checked)).toEqual([]);
    expect(loaded.code).toBe(0);
  },
);

describe('values', () => {
  const before: Readonly<Record<SectionLevel, string>> = {
    connection: 'connections { gw {',
    local: 'connections { gw { local {',
    remote: 'connections { gw { remote {',
    child: 'connections { gw { children { net {',
  };
  const inner: Readonly<Record<SectionLevel, string>> = {
    connection: '',
    local: '.local',
    remote: '.remote',
    child: '.children.net',
  };
  const all = (Object.keys(before) as SectionLevel[]).flatMap((level) =>
    BAD_VALUES[level].map((bad) => [level, ...bad] as const),
  );

  test.each(all)('%s: %s = %s', async (level, key, text, why) => {
    const braces = '}'.repeat(before[level].split('{').length - 1);
    const { checked, loaded } = await both({
      'swanctl.conf': `${before[level]}\n   ${key} = ${text}\n${braces}\n`,
    });
    const sentence = `invalid value for: ${key}, config discarded: ${why}`;
    expect(errorsOf(checked)).toEqual([
      `swanctl.conf:2:4: error: connections.gw${inner[level]}: ${sentence} [invalid-value]`,
    ]);
    // Word for word what the daemon says.
    expect(loaded.stderr).toContain(`loading connection 'gw' failed: ${sentence}\n`);
  });

  test('of every key are refused', () => {
    for (const [level, keys] of Object.entries(KEY_STATUS)) {
      const bad = new Set(BAD_VALUES[level as SectionLevel].map(([key]) => key));
      expect([...keys.keys()].filter((key) => !bad.has(key))).toEqual([]);
    }
  });
});
