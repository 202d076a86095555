import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IpsecLoader } from '../../../../daemon/cli/ipsec/load.ts';
import { migrate } from '../../../../daemon/cli/ipsec/migrate.ts';
import { CommandContext, type CommandWorld } from '../../../../daemon/cli/swanctl/command.ts';
import { loadAll } from '../../../../daemon/cli/swanctl/commands/load-creds.ts';
import { ConfigError } from '../../../../daemon/util/error.ts';
import { CA, CONN, SETUP } from '../../../support/ipsec-keywords.ts';
import { MemoryTerminal } from '../../../support/memory-terminal.ts';
import { OperatorMemoryFiles } from '../../../support/operator-memory-files.ts';
import { recordingVici, treeObject } from '../../../support/recording-vici.ts';

const HOST = { folder: '/etc/ipsec.d', isOwnAddress: (address: string) => address === '192.0.2.1' };
const PLACES = { conf: '/etc/ipsec.conf', secrets: '/etc/ipsec.secrets', host: HOST };
const CREDENTIALS = Object.fromEntries(
  ['certs/moon.pem', 'certs/m2.pem', 'certs/s2.pem', 'certs/moon.pub', 'certs/sun.pub'].map(
    (file) => [`/etc/ipsec.d/${file}`, `contents of ${file}`],
  ),
);
const MORE = {
  '/tmp/sun.der': 'sun',
  '/etc/ipsec.d/cacerts/ca.pem': 'ca',
  '/etc/ipsec.d/cacerts/x.pem': 'x',
  '/x/ca.pem': 'y',
};

/** What a program asks of the daemon, without the credentials of folders, which migrating leaves where they are. */
async function asked(
  texts: Readonly<Record<string, string>>,
  run: (world: CommandWorld) => Promise<unknown>,
): Promise<readonly unknown[]> {
  const { vici, requests } = await recordingVici();
  const terminal = new MemoryTerminal();
  await run({
    vici,
    terminal,
    files: new OperatorMemoryFiles(texts),
    decoders: () => Promise.reject(new Error('no certificates here')),
    environment: new Map(),
    version: '0',
    now: () => 0,
  });
  return requests
    .filter(({ command }) => /^load-(conn|pool|authority|shared)$/.test(command))
    .map(({ command, input }) => {
      const object = { command, ...treeObject(input), id: undefined };
      return JSON.parse(poolNames(JSON.stringify(object))) as unknown;
    });
}

/** Pools are called after their addresses, but for the dots in swanctl.conf. */
function poolNames(text: string): string {
  return text.replaceAll(/"10\.9\.0\.0\/24":|("pools":\[[^\]]*)/g, (name) =>
    name.replaceAll('.', '_'),
  );
}

async function bothWays(conf: string, secrets = ''): Promise<readonly [unknown, unknown]> {
  const texts = {
    ...CREDENTIALS,
    ...MORE,
    '/etc/ipsec.conf': conf,
    '/etc/ipsec.secrets': secrets,
  };
  const { text } = migrate(PLACES, new OperatorMemoryFiles(texts));
  const legacy = await asked(texts, (world) => new IpsecLoader(world, PLACES).all());
  const migrated = await asked({ ...texts, '/etc/swanctl/swanctl.conf': text }, (world) =>
    loadAll.run(new CommandContext(world, [])),
  );
  return [legacy, migrated];
}

const lines = (rows: typeof CONN) =>
  fc.subarray([...rows], { maxLength: Math.min(rows.length, 8) }).map((some) =>
    some
      .flatMap(([text]) => text.split('; '))
      .map((line) => `  ${line}\n`)
      .join(''),
  );

const confs = fc
  .record({
    setup: lines(SETUP),
    common: lines(CONN),
    a: lines(CONN),
    b: lines(CONN),
    ca: lines(CA),
  })
  .map(
    ({ setup, common, a, b, ca }) =>
      `config setup\n${setup}conn %default\n  left=192.0.2.1\n${common}conn a\n${a}  auto=add\n` +
      `conn b\n  also=a\n${b}  auto=route\nca lab\n  cacert=x.pem\n${ca}  auto=add\n`,
  );

test('the daemon is told the same from ipsec.conf and from what migrate makes of it', async () => {
  let loaded = 0;
  await fc.assert(
    fc.asyncProperty(confs, async (conf) => {
      try {
        const [legacy, migrated] = await bothWays(conf);
        expect(migrated).toEqual(legacy);
        loaded++;
      } catch (error) {
        // what cannot be loaded cannot be migrated either
        if (!(error instanceof ConfigError)) throw error;
      }
    }),
    { numRuns: 150 },
  );
  expect(loaded).toBeGreaterThan(20);
});

test('secrets too, whatever octets they have', async () => {
  const secrets = [
    '@moon @sun : PSK "with # } \\ and  blanks"',
    ': PSK 0x00ff80',
    'carol : EAP 0sgIE=',
    '"C=CH, CN=x" %any : PSK bare',
    'dave : NTLM 0x0102030405060708090a0b0c0d0e0f10',
    'server erna : XAUTH "x"',
  ].join('\n');
  const [legacy, migrated] = await bothWays('conn a\n  auto=add\n', `${secrets}\n`);
  expect(legacy).toHaveLength(7);
  const sorted = (requests: unknown): unknown[] =>
    (requests as readonly object[]).map((one) => JSON.stringify(one)).sort();
  expect(sorted(migrated)).toEqual(sorted(legacy));
});

test('names that swanctl.conf cannot have are changed, and that is said', async () => {
  const conf = 'conn site.a\n  auto=add\nconn site_a\n  auto=add\n  left=10.0.0.1\n';
  const { text, problems } = migrate(PLACES, new OperatorMemoryFiles({ '/etc/ipsec.conf': conf }));
  expect(text).toMatch(/^ {2}site_a \{$/m);
  expect(text).toMatch(/^ {2}site_a_ \{$/m);
  expect(problems).toContain(
    "'site.a' cannot be a name in swanctl.conf, it is called 'site_a' there",
  );
});
