import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { section, value } from '../../../daemon/config/tree.ts';
import { NodeClock } from '../../../daemon/runtime/node-clock.ts';
import { NodeStreams } from '../../../daemon/runtime/node-stream.ts';
import { COMMANDS } from '../../../daemon/vici/commands/table.ts';
import { PacketType as P } from '../../../daemon/vici/packet.ts';
import plugin from '../../../plugins/local-datagram/plugin.ts';
import { ikeSaView } from '../../support/fake-control.ts';
import { ask, RawClient, stream, until, ViciBench } from '../../support/vici.ts';

const ROOT = process.getuid?.() === 0;
/** Some group that is not ours. */
const GROUP = '12';
const psk = section('local', [value('auth', 'psk')]);

const peerOf = (descriptor: number) => plugin.peerCredentials?.(descriptor);
const reading = (folder: string) => ({
  'plugins.vici.read_only_socket': `unix://${join(folder, 'read.vici')}`,
});
const start = (settings?: (folder: string) => object): Promise<ViciBench> =>
  ViciBench.start(new NodeClock(), settings, new NodeStreams({ peerOf }));
const readers = (bench: ViciBench): Promise<RawClient> =>
  RawClient.connect(join(bench.folder, 'read.vici'));

describe('E4 who may connect', () => {
  test.runIf(ROOT)('the socket is open to owner and the configured group alone', async () => {
    await using bench = await start((folder) => ({
      ...reading(folder),
      group: GROUP,
      'plugins.vici.read_only_group': '13',
    }));
    const modeOf = (path: string) => {
      const { mode, gid } = lstatSync(path);
      return [(mode & 0o777).toString(8), gid];
    };
    expect(modeOf(bench.path)).toEqual(['660', 12]);
    expect(modeOf(join(bench.folder, 'read.vici'))).toEqual(['660', 13]);
  });

  test('nothing but UNIX sockets is ever served', async () => {
    for (const uri of ['tcp://127.0.0.1:4502', 'charon.vici', 'unix://charon.vici']) {
      await expect(start(() => ({ 'plugins.vici.socket': uri }))).rejects.toThrow(
        'only UNIX sockets are served',
      );
      await expect(start(() => ({ 'plugins.vici.read_only_socket': uri }))).rejects.toThrow(
        'charon.plugins.vici.read_only_socket is',
      );
    }
  });

  test('the unit gives the socket to root and its own group', () => {
    const unit = readFileSync(
      new URL('../../../conf/systemd/charon-ts.socket', import.meta.url),
      'utf8',
    );
    for (const line of ['SocketUser=root', 'SocketGroup=charon-vici', 'SocketMode=0660']) {
      expect(unit.split('\n')).toContain(line);
    }
  });
});

describe('E4 the log says who asked, by the word of the kernel', () => {
  const me = `vici client (pid ${process.pid}, uid ${process.getuid?.()}, gid ${process.getgid?.()})`;

  test('each command that changes something', async () => {
    await using bench = await start();
    using client = await bench.raw();
    await ask(client, 'load-conn', [section('gw', [psk])]);
    await ask(client, 'get-conns');
    await ask(client, 'terminate', [value('ike', 'gw')]);
    expect(bench.log.lines).toContain(`${me} requests: load-conn`);
    expect(bench.log.lines).toContain(`${me} requests: terminate`);
  });

  test('lists and repetitions at level 2 only, unknown commands not at all', async () => {
    await using bench = await start();
    using client = await bench.raw();
    const seen: string[] = [];
    bench.log.addSink({
      levelOf: () => 2,
      write: ({ level, message }) => {
        if (message.startsWith(me)) seen.push(`${level}${message.slice(me.length)}`);
      },
    });
    await ask(client, 'list-sas');
    for (let i = 0; i < 3; i++) await ask(client, 'load-conn', [section(`gw${i}`, [psk])]);
    client.send(P.CMD_REQUEST, 'x'.repeat(200));
    await client.next();
    expect(seen).toEqual([
      '2 requests: list-sas',
      '1 requests: load-conn',
      '2 requests: load-conn',
      '2 requests: load-conn',
    ]);
  });

  test('a descriptor that is no connection belongs to nobody', () => {
    expect(plugin.peerCredentials?.(0x7fff)).toBeUndefined();
    expect(plugin.peerCredentials?.(-1)).toBeUndefined();
  });

  test('where the system cannot tell, clients are served all the same', async () => {
    const broken = () => {
      throw new Error('no addon');
    };
    await using bench = await ViciBench.start(
      new NodeClock(),
      undefined,
      new NodeStreams({ peerOf: broken }),
    );
    using client = await bench.raw();
    expect(await ask(client, 'load-conn', [section('gw', [psk])])).toEqual([['success', 'yes']]);
    expect(bench.log.lines.filter((line) => line.includes('requests'))).toEqual([]);
  });
});

describe('E4 the socket for reading', () => {
  test('lists, tells and sends events', async () => {
    await using bench = await start(reading);
    bench.control.sas = [ikeSaView()];
    using client = await readers(bench);
    expect(await stream(client, 'list-sas', 'list-sa')).toHaveLength(1);
    expect(await ask(client, 'get-conns')).toEqual([['conns', []]]);
    client.send(P.EVENT_REGISTER, 'ike-updown');
    expect((await client.next())?.type).toBe(P.EVENT_CONFIRM);
    bench.control.raise({ kind: 'ike-updown', up: true, ike: ikeSaView() });
    expect((await client.next())?.name).toBe('ike-updown');
  });

  test('refuses every command that may change something, and does nothing of it', async () => {
    await using bench = await start(reading);
    bench.control.sas = [ikeSaView()];
    using client = await readers(bench);
    const refused: string[] = [];
    for (const { name } of COMMANDS) {
      const answer = new Map(await ask(client, name, [value('ike', 'gw')]));
      const told = `'${name}' is not allowed here: this socket is for listing and watching only`;
      if (answer.get('errmsg') === told && answer.get('success') === 'no') refused.push(name);
    }
    const reads = COMMANDS.map(({ name }) => name).filter((name) => !refused.includes(name));
    for (const name of reads) expect(name).toMatch(/^(list|get)-|^(version|stats|explain)$/);
    for (const name of ['initiate', 'terminate', 'load-shared', 'clear-creds', 'reset-counters']) {
      expect(refused).toContain(name);
    }
    const { control, keys } = bench;
    expect([control.initiated, control.terminated, control.rekeyed, control.redirected]).toEqual([
      [],
      [],
      [],
      [],
    ]);
    expect([control.sas.length, keys.ids()]).toEqual([1, []]);
    expect(bench.log.lines.at(-1)).toMatch(
      /^vici client \(pid \d+, .*read only\) may not request: /,
    );
  });

  test('knows no more commands than the other, and goes with the server', async () => {
    const bench = await start(reading);
    using client = await readers(bench);
    client.send(P.CMD_REQUEST, 'nothing');
    expect((await client.next())?.type).toBe(P.CMD_UNKNOWN);
    await bench[Symbol.asyncDispose]();
    await until(() => client.closed);
    expect(lstatSync(join(bench.folder, 'read.vici'), { throwIfNoEntry: false })).toBeUndefined();
  });

  test('is not there unless it is asked for', async () => {
    await using bench = await start();
    await expect(readers(bench)).rejects.toThrow('ENOENT');
  });

  test('its crowd does not keep out those who steer, nor fill the log', async () => {
    await using bench = await start(reading);
    const crowd = await Promise.all(Array.from({ length: 200 }, () => readers(bench)));
    await until(() => crowd.filter(({ closed }) => closed).length === 72);
    expect(bench.server.clients).toBe(128);
    using steering = await bench.raw();
    expect(await ask(steering, 'load-conn', [section('gw', [psk])])).toEqual([['success', 'yes']]);
    const client = crowd.find(({ closed }) => !closed);
    for (let i = 0; client !== undefined && i < 100; i++) await ask(client, 'terminate');
    const lines = bench.log.lines.filter((line) => line.includes('read'));
    expect(lines).toContain('vici client turned away, 128 readers are connected');
    expect(lines.length).toBeLessThanOrEqual(20);
    for (const one of crowd) one[Symbol.dispose]();
    await until(() => bench.server.clients === 1);
    using late = await readers(bench);
    expect(await ask(late, 'get-conns')).toEqual([['conns', ['gw']]]);
  });

  test('does not hold certificates against regular expressions, nor multiply events', async () => {
    await using bench = await start(reading);
    using client = await readers(bench);
    const subject = value('subject', 'asn1dn:^(.|.)*$');
    const answer = new Map(await ask(client, 'list-certs', [subject]));
    expect(answer.get('errmsg')).toContain('regular expressions are not allowed here');
    using steering = await bench.raw();
    expect(await ask(steering, 'list-certs', [subject])).toEqual([]);
    for (let i = 0; i < 4; i++) {
      client.send(P.EVENT_REGISTER, 'log');
      expect((await client.next())?.type).toBe(P.EVENT_CONFIRM);
    }
    client.send(P.EVENT_REGISTER, 'log');
    await until(() => client.closed);
    expect(bench.log.lines.at(-1)).toContain('it registered 4 times');
  });
});
