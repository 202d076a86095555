import { expect, test } from 'vitest';
import { defaultOptions } from '../../../daemon/config/options.ts';
import type { Crypto } from '../../../daemon/contracts/crypto.ts';
import { type CryptoPlugin, loadPlugins } from '../../../daemon/load-plugins.ts';
import { KeMethod } from '../../../daemon/proto/iana/transforms.ts';
import { openCrypto } from '../../../daemon/service-crypto.ts';
import { AddonLoadError, type Libcrypto, loadLibcrypto } from '../../../native/libcrypto.ts';
import { libcryptoProvider } from '../../../plugins/crypto-libcrypto/provider.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const NULL_KERNEL = { ...defaultOptions(), 'plugins.kernel-null.load': true };

const providers = (crypto: Crypto): ReadonlySet<string> =>
  new Set(crypto.inventory.map(({ provider }) => provider));

const pluginsWith = async (preferred: CryptoPlugin['crypto']): Promise<readonly CryptoPlugin[]> => {
  const { crypto } = await loadPlugins(NULL_KERNEL);
  return [{ name: 'crypto-libcrypto', crypto: preferred }, ...crypto.slice(1)];
};

const withAddon = (changes: Partial<Libcrypto>): Promise<readonly CryptoPlugin[]> =>
  pluginsWith(() => libcryptoProvider({ ...loadLibcrypto(), ...changes }));

test('libcrypto is preferred, and node:crypto has the rest', async () => {
  const { crypto: plugins, names } = await loadPlugins(NULL_KERNEL);
  expect(names.slice(0, 2)).toEqual(['crypto-libcrypto', 'crypto-node']);
  const log = new MemoryLog();
  const { crypto, unused } = openCrypto(plugins, log);
  expect(unused).toEqual([]);
  expect(log.lines).toEqual([]);
  expect(providers(crypto)).toEqual(new Set(['crypto-libcrypto', 'crypto-node']));
  const of = (id: number) =>
    crypto.inventory.find((entry) => entry.kind === 'keyExchange' && entry.id === id)?.provider;
  expect(of(KeMethod.CURVE_25519)).toBe('crypto-libcrypto');
  expect(of(KeMethod.ML_KEM_768)).toBe('crypto-node');
});

test('it is left out where the operator says so', async () => {
  const { crypto: plugins, names } = await loadPlugins({
    ...NULL_KERNEL,
    'plugins.crypto-libcrypto.load': false,
  });
  expect(names).not.toContain('crypto-libcrypto');
  expect(providers(openCrypto(plugins, new MemoryLog()).crypto)).toEqual(new Set(['crypto-node']));
});

test.each([
  [
    'the addon cannot be loaded',
    () =>
      pluginsWith(() => {
        throw new AddonLoadError('no such file');
      }),
    /crypto-libcrypto is not used: no such file/,
  ],
  ['it lacks an algorithm', () => withAddon({ seal: () => 2 }), /not used: libcrypto failed/],
  ['it hashes wrongly', () => withAddon({ digest: () => 0 }), /self test of sha1 of crypto-lib/],
  ['it takes forgeries', () => withAddon({ open: () => 0 }), /self test of AES_GCM_16_128/],
  ['its curve is wrong', () => withAddon({ derive: () => 0 }), /self test of X25519/],
])('crypto-node does all where %s', async (_, plugins, line) => {
  const log = new MemoryLog();
  const { crypto, unused } = openCrypto(await plugins(), log);
  expect(unused).toEqual(['crypto-libcrypto']);
  expect(log.lines).toHaveLength(1);
  expect(log.lines[0]).toMatch(line);
  expect(providers(crypto)).toEqual(new Set(['crypto-node']));
});

test('nothing runs on the last one if it is broken', async () => {
  const [preferred] = await withAddon({ seal: () => 2 });
  expect(() => openCrypto(preferred === undefined ? [] : [preferred], new MemoryLog())).toThrow(
    /libcrypto failed/,
  );
});
