import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectionMessage } from '../../daemon/cli/swanctl/conf-messages.ts';
import { ConfNode } from '../../daemon/config/conf-tree.ts';
import { parseConnection } from '../../daemon/config/connection.ts';
import type { ConnectionConfig } from '../../daemon/config/connection-types.ts';
import { resolveOptions } from '../../daemon/config/resolve-options.ts';
import { parseConfFile, readConfFile } from '../../daemon/config/strongswan-conf.ts';
import { ConfigError } from '../../daemon/util/error.ts';
import { atFolder, type Contents, check, errorsOf, FOLDER } from '../support/check-run.ts';
import { loadIpsec } from '../support/ipsec-run.ts';
import { loadAll } from '../support/load-run.ts';
import { seeded } from '../support/mutate.ts';
import { mutateText } from '../support/mutate-text.ts';
import { OperatorMemoryFiles } from '../support/operator-memory-files.ts';
import { pemOf } from '../support/test-certificates.ts';
import { issue } from '../support/test-pki.ts';
import { testCrypto, ViciBench } from '../support/vici.ts';
import {
  VALID_IPSEC_CONF,
  VALID_IPSEC_SECRETS,
  VALID_SETTINGS,
  VALID_SWANCTL,
} from './valid-configs.ts';

const RUNS = 1000;
/** Milliseconds that no file takes, on a machine that is busy with something else. */
const SLOW = 5000;

const ca = pemOf('CERTIFICATE', issue({ subject: 'Test CA', ca: true }).certificate.der);

let bench: ViciBench;

beforeAll(async () => {
  bench = await ViciBench.start();
});

afterAll(() => bench[Symbol.asyncDispose]());

/** The connections that the daemon has, by name. */
const connections = (): ReadonlyMap<string, ConnectionConfig> =>
  new Map(bench.control.connections().map((config) => [config.name, config]));

/** Everything that a configuration can change in the daemon, as names and values that can be compared. */
const everything = (): unknown => ({
  connections: [...connections()],
  pools: [...bench.control.pools.list(undefined, false)],
  authorities: bench.credentials.authorities().map(({ name }) => name),
  secrets: bench.keys.ids(),
});

async function timed<T>(run: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await run();
  expect(performance.now() - start).toBeLessThan(SLOW);
  return result;
}

/** What the shared reader makes of a connection of a file. */
function wanted(contents: Contents, name: string): ConnectionConfig {
  const files = new OperatorMemoryFiles(atFolder(contents));
  const node = readConfFile(`${FOLDER}/swanctl.conf`, files).at('connections').at(name);
  const credentials = bench.credentials;
  return parseConnection(name, connectionMessage(node, FOLDER, files), {
    crypto: testCrypto,
    credentials,
  }).config;
}

const PLACE = /^(?:\/etc\/)?[\w./-]+:\d+:(?:\d+:)? /;

describe('swanctl.conf', () => {
  const files = (conf: string | Uint8Array, more: string | Uint8Array): Contents => ({
    'swanctl.conf': conf,
    'more.conf': more,
    'x509ca/ca.pem': ca,
  });

  test(`${RUNS} mutated files: an error with a place, or all of it is loaded`, async () => {
    const below = seeded(5);
    let refused = 0;
    let loadedInPart = 0;
    for (let run = 0; run < RUNS; run++) {
      if (run % 10 === 0) {
        const { code, stderr } = await loadAll(
          bench,
          files(VALID_SWANCTL.conf, VALID_SWANCTL.more),
        );
        expect(code, stderr).toBe(0);
      }
      const before = connections();
      const all = everything();
      const conf = below(4) > 0 ? mutateText(VALID_SWANCTL.conf, below) : VALID_SWANCTL.conf;
      const more =
        conf === VALID_SWANCTL.conf ? mutateText(VALID_SWANCTL.more, below) : VALID_SWANCTL.more;
      const contents = files(conf, more);
      const said = `run ${run}\n${new TextDecoder().decode(typeof conf === 'string' ? (more as Uint8Array) : conf)}`;
      const checked = await timed(() => check(contents, ['--noprompt']));
      const loaded = await timed(() => loadAll(bench, contents));
      // An error exactly if something is not loaded; and each has its place.
      expect(
        { failed: checked.code !== 0 },
        `${said}\n${loaded.stderr}\n${checked.stdout}`,
      ).toEqual({ failed: loaded.failed });
      for (const line of checked.lines) expect(line, said).toMatch(PLACE);
      expect(errorsOf(checked).length > 0, said).toBe(loaded.failed);
      if (!loaded.failed) {
        for (const [name, config] of connections())
          expect(config, said).toEqual(wanted(contents, name));
        continue;
      }
      refused++;
      if (/^parsing '/m.test(loaded.stderr)) {
        expect(everything(), said).toEqual(all);
        continue;
      }
      loadedInPart++;
      const failed = new Set(
        [...loaded.stderr.matchAll(/^loading connection '(.*?)' failed/gm)].map(([, name]) => name),
      );
      for (const [name, config] of connections()) {
        if (before.get(name) === config) continue;
        expect([...failed], said).not.toContain(name);
        expect(config, said).toEqual(wanted(contents, name));
      }
      for (const name of failed) {
        const previous = before.get(name ?? '');
        if (previous !== undefined) expect(connections().get(name ?? ''), said).toBe(previous);
      }
    }
    expect(refused).toBeGreaterThan(RUNS / 4);
    expect(refused).toBeLessThan((RUNS * 9) / 10);
    expect(loadedInPart).toBeGreaterThan(RUNS / 20);
  });
});

describe('strongswan.conf', () => {
  test(`${RUNS} mutated files: an error with a place, or all options`, async () => {
    const below = seeded(6);
    let refused = 0;
    for (let run = 0; run < RUNS; run++) {
      const contents = { '/etc/strongswan.conf': mutateText(VALID_SETTINGS, below) };
      const said = `run ${run}`;
      let reason: string | undefined;
      try {
        const tree = parseConfFile('/etc/strongswan.conf', new OperatorMemoryFiles(contents));
        resolveOptions(ConfNode.of(tree), 'charon-systemd');
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        reason = error.message;
        refused++;
      }
      const checked = await timed(() => check({ 'swanctl.conf': '', ...contents }));
      expect(checked.code !== 0, said).toBe(reason !== undefined);
      if (reason !== undefined) expect(reason, said).toMatch(PLACE);
      for (const line of checked.lines) expect(line, said).toMatch(PLACE);
    }
    expect(refused).toBeGreaterThan(RUNS / 5);
    expect(refused).toBeLessThan((RUNS * 3) / 4);
  });
});

describe('ipsec.conf and ipsec.secrets', () => {
  const unchanged = {
    'ipsec.conf': VALID_IPSEC_CONF,
    'ipsec.secrets': VALID_IPSEC_SECRETS,
    'ipsec.d/cacerts/ca.pem': ca,
  };
  /** Lines that say where, of those that were said. */
  const placed = (said: readonly string[]): readonly string[] =>
    said.filter((line) => /(?:^| )\/etc\/[\w.]+:\d+:/.test(line));

  test(`${RUNS} mutated ipsec.conf: an error with a place, or all of it is loaded`, async () => {
    const below = seeded(7);
    let stopped = 0;
    let loadedInPart = 0;
    for (let run = 0; run < RUNS; run++) {
      if (run % 10 === 0)
        expect(await loadIpsec(bench, unchanged)).toEqual({ stopped: false, said: [] });
      const before = connections();
      const all = everything();
      const text = mutateText(VALID_IPSEC_CONF, below);
      const said = `run ${run}\n${new TextDecoder().decode(text)}`;
      const loaded = await timed(() => loadIpsec(bench, { ...unchanged, 'ipsec.conf': text }));
      if (loaded.stopped) {
        stopped++;
        expect(placed(loaded.said), said).toHaveLength(1);
        expect(everything(), said).toEqual(all);
        continue;
      }
      const failed = loaded.said.flatMap(
        (line) => /^loading connection '(.*)' failed/.exec(line)?.[1] ?? [],
      );
      if (loaded.said.some((line) => line.includes(' failed'))) {
        loadedInPart++;
        expect(placed(loaded.said).length, `${said}\n${loaded.said.join('\n')}`).toBeGreaterThan(0);
      }
      for (const name of failed) {
        const previous = before.get(name);
        if (previous !== undefined) expect(connections().get(name), said).toBe(previous);
      }
    }
    expect(stopped).toBeGreaterThan(RUNS / 4);
    expect(stopped).toBeLessThan((RUNS * 3) / 4);
    expect(loadedInPart).toBeGreaterThan(RUNS / 50);
  });

  test(`${RUNS} mutated ipsec.secrets: an error with a place, and nothing is lost`, async () => {
    const below = seeded(8);
    let refused = 0;
    for (let run = 0; run < RUNS; run++) {
      if (run % 10 === 0) await loadIpsec(bench, unchanged);
      const before = bench.keys.ids();
      const text = mutateText(VALID_IPSEC_SECRETS, below);
      const said = `run ${run}\n${new TextDecoder().decode(text)}`;
      const loaded = await timed(() => loadIpsec(bench, { ...unchanged, 'ipsec.secrets': text }));
      expect(loaded.stopped, said).toBe(false);
      if (loaded.said.length === 0) continue;
      refused++;
      expect(placed(loaded.said).length, `${said}\n${loaded.said.join('\n')}`).toBeGreaterThan(0);
      // Reading stopped: what is below the fault stays as it was.
      if (loaded.said.some((line) => /^\/etc\/[^:]+:\d+:\d+: (?!names|loading)/.test(line)))
        expect(bench.keys.ids(), said).toEqual(expect.arrayContaining([...before]));
    }
    expect(refused).toBeGreaterThan(RUNS / 5);
    expect(refused).toBeLessThan((RUNS * 4) / 5);
  });
});
