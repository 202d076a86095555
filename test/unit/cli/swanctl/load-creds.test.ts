import { expect, test } from 'vitest';
import { keyPair } from '../../../support/private-keys.ts';
import { MemoryTerminal, swanctlOn } from '../../../support/swanctl-run.ts';
import { ask, ViciBench } from '../../../support/vici.ts';

const CONF = '/etc/swanctl/swanctl.conf';
const KEY = '/etc/swanctl/private/moon.pem';
const OTHER = '/etc/swanctl/private/sun.pem';
const PASSPHRASE = 'a long passphrase';

const plain = keyPair('p256').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const encrypted = keyPair('ed25519')
  .privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: PASSPHRASE,
  })
  .toString();

/** Somebody sits there and types the passphrase. */
class Person extends MemoryTerminal {
  override askSecret(): Promise<Uint8Array> {
    return Promise.resolve(new TextEncoder().encode(PASSPHRASE));
  }
}

async function load(
  bench: ViciBench,
  files: Readonly<Record<string, string>>,
  terminal = new MemoryTerminal(),
  ...words: readonly string[]
) {
  using client = await bench.raw();
  const { stderr } = await swanctlOn(bench, ['--load-creds', ...words], terminal, {
    [CONF]: '',
    ...files,
  });
  const keys = new Map(await ask(client, 'get-keys')).get('keys');
  const said = stderr.split('\n').filter((line) => !line.startsWith('opening directory'));
  return { keys: Array.isArray(keys) ? keys.length : 0, said };
}

test('a key whose passphrase was typed is not unloaded by a reload that asks nobody', async () => {
  await using bench = await ViciBench.start();
  expect((await load(bench, { [KEY]: plain, [OTHER]: encrypted }, new Person())).keys).toBe(2);
  const again = await load(bench, { [KEY]: plain, [OTHER]: encrypted }, undefined, '--noprompt');
  expect(again.keys).toBe(2);
  expect(again.said).toContain('not all private keys could be loaded: 1 loaded before stay');
});

test('a file that is no key any more takes no key away, one that is gone does', async () => {
  await using bench = await ViciBench.start();
  expect((await load(bench, { [KEY]: plain })).keys).toBe(1);
  const half = plain.slice(0, plain.length / 2);
  expect((await load(bench, { [KEY]: half })).keys).toBe(1);
  expect((await load(bench, { '/etc/swanctl/pkcs12/moon.p12': 'nothing' })).keys).toBe(1);
  expect((await load(bench, {})).keys).toBe(0);
});
