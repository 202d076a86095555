import { spawnSync } from 'node:child_process';
import { lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import v8 from 'node:v8';
import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import { list, section, value } from '../../../daemon/config/tree.ts';
import { NodeStreams } from '../../../daemon/runtime/node-stream.ts';
import { encodeMessage } from '../../../daemon/vici/message.ts';
import { MAX_PACKET, PacketType as P } from '../../../daemon/vici/packet.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { connectionConfig } from '../../support/connections.ts';
import { ikeSaView } from '../../support/fake-control.ts';
import { plain, until, ViciBench } from '../../support/vici.ts';

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as () => void;

/** Octets in array buffers that something still refers to. */
async function heldOctets(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().arrayBuffers;
}

const ascii = (text: string): number[] => [...text].map((char) => char.charCodeAt(0));

describe('the socket', () => {
  test('is open to owner and group only and is removed at the end', async () => {
    const bench = await ViciBench.start();
    expect(lstatSync(bench.path).mode & 0o777).toBe(0o660);
    await bench.server[Symbol.asyncDispose]();
    expect(lstatSync(bench.path, { throwIfNoEntry: false })).toBeUndefined();
    await bench[Symbol.asyncDispose]();
  });

  test('replaces a stale file, refuses one in use, a file that is no socket, bad paths', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stale-'));
    const streams = new NodeStreams();
    const listen = (path: string, options = {}): Promise<unknown> =>
      streams.listen(path, options, () => undefined);
    const used = join(folder, 'used');
    const server = createServer().listen(used);
    await expect(listen(used)).rejects.toThrow(`'${used}' is in use by another daemon: stop it`);
    server.close();

    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(listen(file)).rejects.toThrow('exists and is no socket: remove it');
    await expect(listen(join(folder, 'none', 'x'))).rejects.toThrow('does not exist, create it');
    await expect(listen('relative')).rejects.toThrow('is not absolute');
    await expect(listen(`/${'x'.repeat(200)}`)).rejects.toThrow('longer than 107 octets');
    await expect(listen(join(folder, 'g'), { group: 'no-such-group' })).rejects.toThrow(
      "group 'no-such-group' is not in /etc/group",
    );
    await expect(streams.connect(join(folder, 'gone'))).rejects.toThrow(
      'no such file or directory',
    );

    // A socket file whose daemon was killed.
    const stale = join(folder, 'stale');
    const killed = `require('net').createServer().listen('${stale}', () => process.kill(process.pid, 9))`;
    spawnSync(process.execPath, ['-e', killed]);
    expect(lstatSync(stale).isSocket()).toBe(true);
    const listener = await streams.listen(stale, {}, () => undefined);
    (await streams.connect(stale)).destroy();
    await listener[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });
});

describe('malformed input, SEC-80', () => {
  test('a length beyond 512 KiB closes the connection, whatever the length', async () => {
    await using bench = await ViciBench.start();
    for (const head of [
      [0, 8, 0, 1],
      [0xff, 0xff, 0xff, 0xff],
    ]) {
      using client = await bench.raw();
      client.write(head);
      expect(await client.next()).toBeUndefined();
    }
    expect(bench.log.lines.filter((line) => line.includes('it announced a packet'))).toHaveLength(
      2,
    );
  });

  test('packets that mean nothing are logged and ignored, the connection stays', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    client.segment([]);
    for (const type of [1, 2, 5, 6, 7, 8, 255]) client.segment([type, 0]);
    client.segment([P.CMD_REQUEST]);
    client.segment([P.CMD_REQUEST, 5, ...ascii('vers')]);
    client.segment([P.CMD_REQUEST, 1, 0x1f]);
    client.segment([P.EVENT_REGISTER, 1, 0xe4]);
    client.send(P.CMD_REQUEST, 'version');
    const answer = await client.next();
    expect(answer?.type).toBe(P.CMD_RESPONSE);
    expect(plain(answer?.message.tree ?? [])[0]).toEqual(['daemon', 'charon']);
    expect(bench.log.lines.filter((line) => line.includes('ignored'))).toHaveLength(12);
  });

  test('a flood of them costs a bounded number of lines, SEC-87', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    client.write(new Uint8Array(4 * 100_000));
    client.send(P.CMD_REQUEST, 'version');
    expect((await client.next())?.type).toBe(P.CMD_RESPONSE);
    expect(bench.log.lines.filter((line) => line.includes('ignored'))).toHaveLength(20);
  });

  test('unknown commands and events are said to be unknown', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    for (const name of ['', 'nothing', '__proto__', 'constructor', 'toString']) {
      client.send(P.CMD_REQUEST, name);
      expect((await client.next())?.type).toBe(P.CMD_UNKNOWN);
      client.send(P.EVENT_REGISTER, name);
      expect((await client.next())?.type).toBe(P.EVENT_UNKNOWN);
      client.send(P.EVENT_UNREGISTER, name);
      expect((await client.next())?.type).toBe(P.EVENT_UNKNOWN);
    }
  });

  test('a broken message runs commands with defaults, but loads nothing', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const broken = [[3, 200, 65], [9], [2], [6], [5, 0, 0], [4, 1, 65, 3], [1], [3, 1, 65, 0, 9]];
    for (const message of broken) {
      client.segment([P.CMD_REQUEST, 9, ...ascii('get-conns'), ...message]);
      expect(plain((await client.next())?.message.tree ?? [])).toEqual([['conns', []]]);
      client.segment([P.CMD_REQUEST, 9, ...ascii('load-conn'), ...message]);
      expect(plain((await client.next())?.message.tree ?? [])).toEqual([
        ['success', 'no'],
        ['errmsg', 'parsing request failed'],
      ]);
    }
  });

  test('sections and lists may be left open at the end', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const open = encodeMessage([section('gw', [list('pools', ['a'])])]).slice(0, -2);
    client.segment([P.CMD_REQUEST, 9, ...ascii('load-conn'), ...open]);
    expect(plain((await client.next())?.message.tree ?? [])).toEqual([['success', 'yes']]);
    expect(bench.control.store.get('gw')?.pools).toEqual(['a']);
  });

  test('more elements than any client needs are refused, and the limit is named', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    client.send(P.CMD_REQUEST, 'load-conn', [
      section('gw', [list('pools', new Array(100_000).fill(''))]),
    ]);
    expect(plain((await client.next())?.message.tree ?? [])[1]).toEqual([
      'errmsg',
      'a section or list of more than 16384 elements is not taken',
    ]);
  });

  test('names of no and of 255 characters are names; of equal keys the first counts', async () => {
    await using bench = await ViciBench.start();
    await bench.control.loadConnection(connectionConfig('gw'));
    using client = await bench.raw();
    for (const name of ['', 'n'.repeat(255)]) {
      const junk = [value(name, 'x'), list(name, ['x']), section(name, [value(name, '')])];
      client.send(P.CMD_REQUEST, 'get-conns', junk);
      expect(plain((await client.next())?.message.tree ?? [])).toEqual([['conns', ['gw']]]);
      client.send(P.CMD_REQUEST, name);
      expect((await client.next())?.type).toBe(P.CMD_UNKNOWN);
    }
    client.send(P.CMD_REQUEST, 'initiate', [value('ike', 'gw'), value('ike', 'other')]);
    await client.next();
    expect(bench.control.initiated).toMatchObject([{ ike: 'gw' }]);
  });

  test('a thousand nested sections are a broken message', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const nested = new Array(1000).fill([1, 1, 65]).flat() as number[];
    client.segment([P.CMD_REQUEST, 9, ...ascii('load-conn'), ...nested]);
    expect(plain((await client.next())?.message.tree ?? [])[1]).toEqual([
      'errmsg',
      'parsing request failed',
    ]);
  });

  test('connections may be named like members of Object', async () => {
    await using bench = await ViciBench.start();
    await using client = await bench.client();
    for (const name of ['__proto__', 'constructor', 'toString']) {
      // The first key of an object literal named __proto__ would set its prototype.
      await client.loadConn(
        JSON.parse(`{"${name}":{"local":{"auth":"psk"},"remote":{"auth":"psk"}}}`),
      );
    }
    expect((await client.request('get-conns')).get('conns')).toEqual([
      '__proto__',
      'constructor',
      'toString',
    ]);
    await expect(client.loadConn({ gw: JSON.parse('{"__proto__":"x"}') })).rejects.toThrow(
      'unknown option: __proto__, config discarded',
    );
  });

  test('a client that goes away in the middle of a packet leaves nothing', async () => {
    await using bench = await ViciBench.start();
    const client = await bench.raw();
    client.send(P.EVENT_REGISTER, 'ike-updown');
    await client.next();
    expect(bench.control.listeners).toBe(1);
    client.write([0, 0, 1, 0, 0]);
    client[Symbol.dispose]();
    await until(() => bench.server.clients === 0);
    expect(bench.control.listeners).toBe(0);
  });

  test('the largest packet is taken, however slowly it arrives', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const body = encodeMessage(new Array(8).fill(value('x', new Uint8Array(65000))));
    const head = [P.CMD_REQUEST, 7, ...ascii('version')];
    const rest = MAX_PACKET - head.length - body.length;
    const padded = [...head, ...body, ...encodeMessage([value('y', new Uint8Array(rest - 5))])];
    expect(padded.length).toBe(MAX_PACKET);
    client.segment(padded);
    expect((await client.next())?.type).toBe(P.CMD_RESPONSE);
  });
});

describe('slow and greedy clients', () => {
  test('a half-sent packet costs the connection after 30 seconds, octets in between do not help', async () => {
    const clock = new VirtualClock();
    await using bench = await ViciBench.start(clock);
    using client = await bench.raw();
    for (let second = 0; second < 30; second++) {
      client.write([second === 0 ? 0 : 0]);
      await until(() => clock.nextDue() === 30_000);
      clock.skipTo(second * 1000);
    }
    expect(client.closed).toBe(false);
    clock.step();
    await client.untilClosed();
    expect(bench.log.lines).toContain(
      'disconnected vici client: it did not finish a packet within 30 seconds',
    );
  });

  test('one that reads no log events loses them, then its connection, and delays nobody', async () => {
    await using bench = await ViciBench.start();
    using lazy = await bench.raw();
    using busy = await bench.raw();
    for (const client of [lazy, busy]) {
      client.send(P.EVENT_REGISTER, 'log');
      await client.next();
    }
    lazy.socket.pause();
    const before = await heldOctets();
    let received = 0;
    const message = 'x'.repeat(1000);
    for (let i = 0; i < 20_000; i++) {
      bench.log.log('dmn', 1, message);
      if (i % 100 === 99) {
        while (received < i + 1) if ((await busy.next())?.name === 'log') received++;
      }
    }
    expect(received).toBe(20_000);
    // 20 MB were logged; the one that does not read holds at most 4 MiB of them and the system's buffers.
    expect((await heldOctets()) - before).toBeLessThan(12 * 1024 * 1024);
    expect(bench.server.clients).toBe(2);
    lazy[Symbol.dispose]();
    await until(() => bench.server.clients === 1);
    expect(bench.log.lines.at(-1)).toMatch(
      /^vici client missed \d{4,5} log events, it did not read$/,
    );
  });

  test('one that reads no other events is disconnected at 16 MiB', async () => {
    await using bench = await ViciBench.start();
    using lazy = await bench.raw();
    lazy.send(P.EVENT_REGISTER, 'ike-updown');
    await lazy.next();
    lazy.socket.pause();
    const ike = ikeSaView({ remoteId: 'x'.repeat(60_000) });
    for (let i = 0; i < 400 && bench.server.clients > 0; i++) {
      bench.control.raise({ kind: 'ike-updown', up: true, ike });
    }
    expect(bench.server.clients).toBe(0);
    expect(bench.control.listeners).toBe(0);
    expect(bench.log.lines).toContain(
      'disconnected vici client: it does not read, more than 16 MiB are waiting',
    );
  });

  test('thousands of SAs are not gathered for one that does not read', async () => {
    await using bench = await ViciBench.start();
    let taken = 0;
    bench.control.listSas = function* () {
      for (; taken < 20_000; taken++) yield ikeSaView({ uniqueId: taken });
    };
    using lazy = await bench.raw();
    lazy.send(P.EVENT_REGISTER, 'list-sa');
    await lazy.next();
    lazy.socket.pause();
    lazy.send(P.CMD_REQUEST, 'list-sas');
    // Another client is served meanwhile.
    await using other = await bench.client();
    expect((await other.version()).get('daemon')).toBe('charon');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(taken).toBeLessThan(3000);
    lazy.socket.resume();
    let events = 0;
    for (let packet = await lazy.next(); packet?.type === P.EVENT; packet = await lazy.next())
      events++;
    expect(events).toBe(20_000);
  });

  test('three hundred clients at once are all served, the 513th is turned away', async () => {
    await using bench = await ViciBench.start();
    const clients = await Promise.all(Array.from({ length: 300 }, () => bench.client()));
    const versions = await Promise.all(
      clients.flatMap((client) => [client.version(), client.stats()]),
    );
    expect(versions).toHaveLength(600);
    const more = await Promise.all(Array.from({ length: 212 }, () => bench.client()));
    await until(() => bench.server.clients === 512);
    using late = await bench.raw();
    await late.untilClosed();
    expect(bench.log.lines).toContain('vici client turned away, 512 are connected');
    for (const client of [...clients, ...more]) await client[Symbol.asyncDispose]();
    await until(() => bench.server.clients === 0);
  });
});

describe('order', () => {
  test('requests of one client run one after the other, those of others meanwhile', async () => {
    await using bench = await ViciBench.start();
    await bench.control.loadConnection(connectionConfig('gw'));
    let finish: (() => void) | undefined;
    bench.control.onInitiate = () =>
      new Promise((resolve) => {
        finish = () => resolve({ ok: true });
      });
    using client = await bench.raw();
    client.send(P.CMD_REQUEST, 'initiate', [value('ike', 'gw')]);
    client.send(P.CMD_REQUEST, 'nothing');
    client.send(P.CMD_REQUEST, 'get-conns');
    await using other = await bench.client();
    await other.version();
    await until(() => finish !== undefined);
    finish?.();
    expect(plain((await client.next())?.message.tree ?? [])).toEqual([['success', 'yes']]);
    expect((await client.next())?.type).toBe(P.CMD_UNKNOWN);
    expect(plain((await client.next())?.message.tree ?? [])).toEqual([['conns', ['gw']]]);
  });

  test('events of a stream come before its answer, and only if asked for', async () => {
    await using bench = await ViciBench.start();
    bench.control.sas = [ikeSaView(), ikeSaView({ uniqueId: 2 })];
    using client = await bench.raw();
    client.send(P.CMD_REQUEST, 'list-sas');
    expect((await client.next())?.type).toBe(P.CMD_RESPONSE);
    client.send(P.EVENT_REGISTER, 'list-sa');
    client.send(P.CMD_REQUEST, 'list-sas');
    const types = [];
    for (let i = 0; i < 4; i++) types.push((await client.next())?.type);
    expect(types).toEqual([P.EVENT_CONFIRM, P.EVENT, P.EVENT, P.CMD_RESPONSE]);
  });

  test('registered twice is delivered twice, each unregistration takes one away', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    for (let i = 0; i < 2; i++) {
      client.send(P.EVENT_REGISTER, 'alert');
      expect((await client.next())?.type).toBe(P.EVENT_CONFIRM);
    }
    bench.control.raise({ kind: 'alert', type: 'peer-auth-failed' });
    expect((await client.next())?.name).toBe('alert');
    expect(plain((await client.next())?.message.tree ?? [])).toEqual([
      ['type', 'peer-auth-failed'],
    ]);
    for (const expected of [P.EVENT_CONFIRM, P.EVENT_CONFIRM, P.EVENT_UNKNOWN]) {
      client.send(P.EVENT_UNREGISTER, 'alert');
      expect((await client.next())?.type).toBe(expected);
    }
    expect(bench.control.listeners).toBe(0);
  });

  test('a client that leaves aborts its waiting command', async () => {
    await using bench = await ViciBench.start();
    await bench.control.loadConnection(connectionConfig('gw'));
    let aborted = false;
    bench.control.onInitiate = (_progress, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted = true;
          resolve({ ok: false, errmsg: 'gone' });
        });
      });
    const client = await bench.raw();
    client.send(P.CMD_REQUEST, 'initiate', [value('ike', 'gw')]);
    await until(() => bench.control.initiated.length === 1);
    client[Symbol.dispose]();
    await until(() => aborted);
  });
});

test('an answer beyond 512 KiB says so instead of leaving the client waiting', async () => {
  await using bench = await ViciBench.start();
  for (let i = 0; i < 2500; i++) {
    await bench.control.loadConnection(connectionConfig(`${i}`.padEnd(240, 'x')));
  }
  await using client = await bench.client();
  await expect(client.request('get-conns')).rejects.toThrow('answer exceeds 524288 octets');
  let names = 0;
  for await (const conn of client.listConns()) names += conn.size;
  expect(names).toBe(2500);
});

test('a command that throws answers, the daemon lives, SEC-81', async () => {
  await using bench = await ViciBench.start();
  bench.control.stats = () => {
    throw new RangeError('broken');
  };
  await using client = await bench.client();
  await expect(client.request('stats')).rejects.toThrow("internal error in 'stats': broken");
  expect((await client.version()).get('version')).toBe('0.1.0');
});
