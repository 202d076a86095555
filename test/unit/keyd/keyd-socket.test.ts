import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { RemoteKeys } from '../../../daemon/keyd/remote-keys.ts';
import { connectKeyd } from '../../../daemon/runtime/keyd-socket.ts';
import { NodeClock } from '../../../daemon/runtime/node-clock.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';
import { NodeSignatureVerifier } from '../../../plugins/crypto-node/signatures.ts';
import { AcceptingService } from '../../support/accepting-service.ts';
import { privateKeysCompliance } from '../../support/compliance/private-keys.ts';
import { KEYD_ENTRY } from '../../support/key-process.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { keyPair, pkcs8Of } from '../../support/private-keys.ts';

const UNIT = new URL('../../../conf/systemd/charon-ts-keyd@.service', import.meta.url);

/** What the unit starts, but of the sources: they are read from elsewhere, and stripping their types takes WebAssembly, which needs a compiler. */
function unitCommand(): readonly string[] {
  const unit = readFileSync(UNIT, 'utf8').replaceAll('\\\n', ' ');
  const words = /^ExecStart=(.*)$/m.exec(unit)?.[1]?.split(/\s+/) ?? [];
  const ofBundle = /^--(?:allow-fs-read=|jitless$)/;
  const options = words.slice(1, -1).filter((word) => !ofBundle.test(word));
  return [process.execPath, ...options, '--allow-fs-read=*', fileURLToPath(KEYD_ENTRY)];
}

class Bench implements AsyncDisposable {
  readonly log = new MemoryLog();
  readonly service = new AcceptingService(unitCommand());
  readonly keys = new RemoteKeys({
    signatures: new NodeSignatureVerifier(),
    clock: new NodeClock(),
    log: this.log,
    open: (events) => connectKeyd(this.service.path, events),
  });

  async [Symbol.asyncDispose](): Promise<void> {
    await this.keys[Symbol.asyncDispose]();
    await this.service[Symbol.asyncDispose]();
  }
}

const data = (): Uint8Array => pkcs8Of(keyPair('p256').privateKey);
const scheme = { kind: 'ecdsa', hash: 'sha256', encoding: 'der' } as const;

privateKeysCompliance('RemoteKeys with a process of the service manager', () => new Bench().keys);

test('the key process ends when the daemon closes the connection', async () => {
  await using bench = new Bench();
  expect(await bench.keys.load({ data: data(), origin: 'vici' })).toMatchObject({ ok: true });
  const [child] = bench.service.started;
  if (child === undefined) throw new Error('none was started');
  const ended = once(child, 'exit');
  await bench.keys[Symbol.asyncDispose]();
  expect(await ended).toEqual([0, null]);
  expect(bench.log.lines).toEqual([]);
});

test('a key process that was killed is replaced with the next key', async () => {
  await using bench = new Bench();
  const first = await bench.keys.load({ data: data(), origin: 'vici' });
  if (!first.ok) throw new Error(first.reason);
  const lost = new Promise<void>((resolve) => void bench.keys.onLost(resolve));
  bench.service.started[0]?.kill('SIGKILL');
  await lost;
  expect(bench.log.lines.join('\n')).toContain(
    'the key process closed the connection: all private keys (1) are gone, load them again',
  );
  const again = await bench.keys.load({ data: data(), origin: 'vici' });
  if (!again.ok) throw new Error(again.reason);
  await bench.keys.sign(again.key.publicKey.keyId, scheme, utf8('octets'));
  expect(bench.service.started).toHaveLength(2);
});

test('where nobody listens a key is refused with the place and the reason', async () => {
  await using keys = new RemoteKeys({
    signatures: new NodeSignatureVerifier(),
    clock: new NodeClock(),
    log: new MemoryLog(),
    open: (events) => connectKeyd('/nowhere/keyd', events),
  });
  expect(await keys.load({ data: data(), origin: 'vici' })).toEqual({
    ok: false,
    reason: expect.stringContaining('cannot be reached at /nowhere/keyd (connect ENOENT'),
  });
});
