import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BrokenFile } from '../../../support/broken-configs/broken-file.ts';
import {
  ALLOWED_IPSEC_CONF,
  IPSEC_CONF,
  IPSEC_SECRETS,
} from '../../../support/broken-configs/ipsec-cases.ts';
import { named } from '../../../support/check-run.ts';
import { type IpsecLoaded, loadIpsec } from '../../../support/ipsec-run.ts';
import { ViciBench } from '../../../support/vici.ts';

let bench: ViciBench;

beforeAll(async () => {
  bench = await ViciBench.start();
});

afterAll(() => bench[Symbol.asyncDispose]());

const load = (broken: BrokenFile, main: string): Promise<IpsecLoaded> =>
  loadIpsec(bench, { 'ipsec.conf': '', ...named(broken, main) });

const reasons = ({ said }: IpsecLoaded): readonly string[] =>
  said.filter((line) => !/^loaded \d+ of \d+ /.test(line));

const expectedOf = ({ errors }: BrokenFile): readonly unknown[] =>
  errors.map((error) =>
    error.endsWith('…') ? expect.stringContaining(error.slice(0, -1)) : error,
  );

const PLACE = /\/etc\/[\w.]+:\d+:(?:\d+:)? /;

describe('a broken ipsec.conf is said with its place, and what is broken is not loaded', () => {
  test.each(IPSEC_CONF.map((broken) => [broken.name, broken] as const))('%s', async (_, broken) => {
    const loaded = await load(broken, 'ipsec.conf');
    expect(reasons(loaded)).toEqual(expectedOf(broken));
    expect(reasons(loaded).some((line) => PLACE.test(line))).toBe(true);
    // A pool goes alone: connections without it are loaded.
    const left = broken.name === 'a pool that is none' ? ['gw'] : [];
    expect(bench.control.connections().map(({ name }) => name)).toEqual(left);
    await load({ name: '', text: '', errors: [] }, 'ipsec.conf');
  });
});

test.each(ALLOWED_IPSEC_CONF.map((allowed) => [allowed.name, allowed] as const))(
  'looks broken and is loaded: %s',
  async (_, allowed) => {
    const { stopped, said } = await load(allowed, 'ipsec.conf');
    expect({ stopped, said }).toEqual({ stopped: false, said: [] });
    await load({ name: '', text: '', errors: [] }, 'ipsec.conf');
  },
);

describe('a broken ipsec.secrets is said with its place', () => {
  test.each(IPSEC_SECRETS.map((broken) => [broken.name, broken] as const))(
    '%s',
    async (_, broken) => {
      const loaded = await load(broken, 'ipsec.secrets');
      expect(reasons(loaded)).toEqual(expectedOf(broken));
      expect(reasons(loaded).some((line) => PLACE.test(line))).toBe(true);
    },
  );
});

test('a secret whose type was forgotten is in no message', async () => {
  const words = ['"tangerine"', 'tangerine', '0x74616e6765', 'PSKtangerine'];
  for (const word of words) {
    const { said } = await load(
      { name: '', text: `moon : ${word}\n`, errors: [] },
      'ipsec.secrets',
    );
    expect(said).toHaveLength(1);
    expect(said[0]).not.toMatch(/tangerine|74616e/);
  }
});
