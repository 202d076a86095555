import { describe, expect, test } from 'vitest';
import { KeyKeeper } from '../../../daemon/keyd/keeper.ts';
import { encodeAnswer } from '../../../daemon/keyd/protocol.ts';
import { type KeydLinkEvents, RemoteKeys } from '../../../daemon/keyd/remote-keys.ts';
import { KeydServer } from '../../../daemon/keyd/server.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';
import { NodeSignatureVerifier } from '../../../plugins/crypto-node/signatures.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { keyPair, pkcs8Of } from '../../support/private-keys.ts';

/** A key process that can be made to misbehave. */
class FakeProcess {
  readonly events: KeydLinkEvents;
  readonly server: KeydServer;
  killed = false;
  silent = false;

  constructor(events: KeydLinkEvents) {
    this.events = events;
    this.server = new KeydServer(new KeyKeeper(), (frame) => {
      if (!this.silent) queueMicrotask(() => events.received(frame));
    });
  }
}

function bench(): {
  readonly keys: RemoteKeys;
  readonly processes: FakeProcess[];
  readonly clock: VirtualClock;
  readonly log: MemoryLog;
} {
  const processes: FakeProcess[] = [];
  const clock = new VirtualClock();
  const log = new MemoryLog();
  const keys = new RemoteKeys({
    signatures: new NodeSignatureVerifier(),
    clock,
    log,
    open(events) {
      const process = new FakeProcess(events);
      processes.push(process);
      return {
        send(octets) {
          process.server.receive(octets);
        },
        close: () => undefined,
        kill() {
          process.killed = true;
        },
      };
    },
  });
  return { keys, processes, clock, log };
}

const scheme = { kind: 'ed25519' } as const;
const message = utf8('m');
const ed = keyPair('ed25519').privateKey;
const load = (keys: RemoteKeys) => keys.load({ data: pkcs8Of(ed), origin: 'vici' });

async function loaded(keys: RemoteKeys): Promise<string> {
  const result = await load(keys);
  if (!result.ok) throw new Error(result.reason);
  return result.key.publicKey.keyId;
}

async function advance(clock: VirtualClock, millis: number): Promise<void> {
  const end = clock.now() + millis;
  clock.after(millis, () => undefined);
  while (clock.now() < end) {
    clock.step();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('RemoteKeys', () => {
  test('a process that still answers is not hung, however long ago the first request was', async () => {
    const { keys, processes, clock } = bench();
    const keyId = await loaded(keys);
    const [process] = processes;
    if (process === undefined) throw new Error('none');
    await advance(clock, 200_000);
    for (let n = 0; n < 3; n++) {
      expect(await keys.sign(keyId, scheme, message)).toHaveLength(64);
      await advance(clock, 40_000);
    }
    process.silent = true;
    const caught = keys.sign(keyId, scheme, message).catch((error: Error) => error.message);
    await advance(clock, 59_000);
    expect(process.killed).toBe(false);
    await advance(clock, 2000);
    expect(process.killed).toBe(true);
    expect(await caught).toContain('did not answer for 60 seconds');
  });

  test('a process that hangs is killed, and whoever waits hears of it', async () => {
    const { keys, processes, clock, log } = bench();
    const keyId = await loaded(keys);
    const [process] = processes;
    if (process === undefined) throw new Error('none');
    process.silent = true;
    const open = keys.sign(keyId, scheme, message);
    const caught = open.catch((error: Error) => error.message);
    await advance(clock, 61_000);
    expect(await caught).toBe('the key process did not answer for 60 seconds and was killed');
    expect(process.killed).toBe(true);
    expect(keys.list()).toEqual([]);
    expect(log.lines.at(-1)).toContain('all private keys (1) are gone, load them again');
  });

  test.each([
    ['a broken frame', Uint8Array.of(255, 255, 255, 255)],
    ['an answer nobody waits for', encodeAnswer(4711, { type: 'done', result: message })],
    ['a request', Uint8Array.of(0, 0, 0, 6, 4, 0, 0, 0, 1, 0)],
  ])('a process that says %s is killed', async (_, octets) => {
    const { keys, processes, log } = bench();
    await loaded(keys);
    processes[0]?.events.received(octets.slice());
    expect(processes[0]?.killed).toBe(true);
    expect(keys.list()).toEqual([]);
    expect(log.lines.at(-1)).toContain('the key process said what makes no sense');
    // what it says afterwards does not count
    processes[0]?.events.ended('was killed by SIGKILL');
    expect(log.lines).toHaveLength(1);
  });

  test('one that keeps dying is started ever more slowly', async () => {
    const { keys, processes, clock } = bench();
    const starts: number[] = [];
    for (let n = 0; n < 8; n++) {
      const loading = load(keys);
      while (processes.length === n) await advance(clock, 250);
      starts.push(clock.now());
      await loading;
      processes[n]?.events.ended('was killed by SIGSEGV');
    }
    const pauses = starts.slice(1).map((at, n) => Math.round((at - (starts[n] ?? 0)) / 1000));
    expect(pauses).toEqual([1, 2, 4, 8, 16, 30, 30]);
  });

  test('one that lived for a while is replaced at once', async () => {
    const { keys, processes, clock } = bench();
    await loaded(keys);
    await advance(clock, 60_000);
    processes[0]?.events.ended('was killed by SIGKILL');
    await loaded(keys);
    expect(processes).toHaveLength(2);
  });

  test('keys that cannot be sent are refused and wiped', async () => {
    const { keys } = bench();
    const data = new Uint8Array(200_000).fill(1);
    expect(await keys.load({ data, origin: 'vici' })).toEqual({
      ok: false,
      reason: 'found 200000 octets, expected at most 131072',
    });
    expect(data.every((octet) => octet === 0)).toBe(true);
    const passphrase = new Uint8Array(2000).fill(1);
    const refused = await keys.load({ data: pkcs8Of(ed), origin: 'file', passphrase });
    expect(refused).toMatchObject({ ok: false, reason: expect.stringContaining('2000 octets') });
  });
});
