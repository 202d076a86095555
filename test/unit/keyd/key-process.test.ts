import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { PrivateKeyHandle } from '../../../daemon/contracts/signatures.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';
import { privateKeysCompliance } from '../../support/compliance/private-keys.ts';
import { KeyBench } from '../../support/key-process.ts';
import { keyPair, pkcs8Of } from '../../support/private-keys.ts';

privateKeysCompliance('RemoteKeys with a real process', () => {
  const bench = new KeyBench();
  return bench.keys;
});

const rsa = keyPair('rsa2048').privateKey;
const scheme = { kind: 'rsa-pkcs1', hash: 'sha256' } as const;
const message = utf8('signed octets');

async function load(bench: KeyBench, key = rsa): Promise<PrivateKeyHandle> {
  const loaded = await bench.keys.load({ data: pkcs8Of(key), origin: 'vici' });
  if (!loaded.ok) throw new Error(`${loaded.reason}\n${bench.log.lines.join('\n')}`);
  return loaded.key;
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await new Promise((r) => setTimeout(r, 10));
  if (!condition()) throw new Error('it did not happen');
}

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('the key process', () => {
  test('is started with the first key and ends with the daemon', async () => {
    const bench = new KeyBench();
    expect(await bench.keys.unload('00'.repeat(20), 'vici')).toBe(false);
    await bench.keys.clear('vici');
    expect(bench.started).toEqual([]);
    await load(bench);
    await load(bench, keyPair('p256').privateKey);
    expect(bench.started).toHaveLength(1);
    const { pid } = bench;
    await bench[Symbol.asyncDispose]();
    await until(() => !exists(pid));
    expect(bench.log.lines).toEqual([]);
  });

  test('SIGKILL is survived: its keys are gone, whoever has keys is told, and loads them again', async () => {
    await using bench = new KeyBench();
    const { keyId } = (await load(bench)).publicKey;
    let told = 0;
    bench.keys.onLost(() => told++);
    const open = bench.keys.sign(keyId, scheme, message);
    process.kill(bench.pid, 'SIGKILL');
    await expect(open).rejects.toThrow('the key process was killed by SIGKILL');
    expect(told).toBe(1);
    expect(bench.keys.list()).toEqual([]);
    expect(bench.log.lines).toEqual([
      expect.stringContaining(
        'the key process was killed by SIGKILL: all private keys (1) are gone, load them again',
      ),
    ]);
    await expect(bench.keys.sign(keyId, scheme, message)).rejects.toThrow(
      'there is no private key',
    );
    await load(bench);
    expect(bench.started).toHaveLength(2);
    expect(await bench.keys.sign(keyId, scheme, message)).toHaveLength(256);
    expect(told).toBe(1);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const)(
    '%s is not for it',
    async (signal) => {
      await using bench = new KeyBench();
      const { keyId } = (await load(bench)).publicKey;
      process.kill(bench.pid, signal);
      await new Promise((r) => setTimeout(r, 100));
      expect(await bench.keys.sign(keyId, scheme, message)).toHaveLength(256);
    },
  );

  test('has no environment, no core dumps, no new privileges and no capabilities', async () => {
    await using bench = new KeyBench();
    await load(bench);
    const proc = (file: string): string => readFileSync(`/proc/${bench.pid}/${file}`, 'latin1');
    const status = proc('status');
    expect(status).toMatch(/^NoNewPrivs:\s*1$/m);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'])
      expect(status).toMatch(new RegExp(`^${set}:\\s*0{16}$`, 'm'));
    expect(proc('limits')).toMatch(/^Max core file size\s+0\s+0\s/m);
    if (process.getuid?.() !== 0) return;
    const own = process.getuid();
    expect(status).toMatch(/^Uid:\s*65534\s+65534\s+65534\s+65534$/m);
    expect(status).toMatch(/^Gid:\s*65534\s+65534\s+65534\s+65534$/m);
    expect(status).toMatch(/^Groups:\s*$/m);
    // not dumpable: its files in /proc belong to root and not to the user it became
    expect(statSync(`/proc/${bench.pid}/mem`).uid).toBe(own);
    expect(proc('environ').replaceAll('\0', '')).toBe('');
    expect(readlinkSync(`/proc/${bench.pid}/cwd`)).toBe('/');
  });

  test.skipIf(process.getuid?.() !== 0)(
    'becomes the user that is configured, or does not start, as root',
    async () => {
      await using numeric = new KeyBench({ user: '4242:4243' });
      await load(numeric);
      const status = readFileSync(`/proc/${numeric.pid}/status`, 'latin1');
      expect(status).toMatch(/^Uid:\s*4242\s/m);
      expect(status).toMatch(/^Gid:\s*4243\s/m);
      await using named = new KeyBench({ user: 'no-such-user' });
      expect(await named.keys.load({ data: pkcs8Of(rsa), origin: 'vici' })).toEqual({
        ok: false,
        reason: "charon.keyd.user names 'no-such-user', and there is no such user",
      });
    },
  );

  test('a process that cannot be started is an answer and a line in the log', async () => {
    await using bench = new KeyBench({ entry: new URL('file:///nonexistent/daemon/keyd/keyd.ts') });
    const loaded = await bench.keys.load({ data: pkcs8Of(rsa), origin: 'vici' });
    expect(loaded).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/^the key process ended/),
    });
    expect(bench.log.lines.at(-1)).toContain('it had no private keys');
  });
});
