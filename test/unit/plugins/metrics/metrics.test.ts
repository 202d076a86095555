import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type {
  MonitoringSnapshot,
  MonitoringSource,
  TunnelView,
} from '../../../../daemon/contracts/monitoring.ts';
import { ExchangeType } from '../../../../daemon/proto/iana/exchange-types.ts';
import {
  type MonitoringLimits,
  MonitoringServer,
} from '../../../../plugins/metrics/monitoring-server.ts';
import { MemoryLog } from '../../../support/memory-log.ts';
import { until } from '../../../support/vici.ts';

const SNAPSHOT: MonitoringSnapshot = {
  startedAt: 1_700_000_000_000,
  connections: 3,
  ikeSasByState: { ESTABLISHED: 2, CONNECTING: 1 },
  halfOpen: 1,
  childSas: 2,
  tunnels: [
    { connection: 'gw', child: 'net', start: 'start', up: true },
    { connection: 'gw', child: 'more', start: 'start', up: false },
    { connection: 'rw "1"\n', child: 'a\\b', start: 'none', up: false },
  ],
  scheduled: 17,
  counters: { 'ike-init-in-req': 5, 'info-out-resp': 2, invalid: 9, 'ike-rekey-init': 1 },
  pools: [{ name: 'v4', size: 254, online: 3, offline: 1 }],
  logLinesLost: 4,
  viciClients: 2,
};

class FakeSource implements MonitoringSource {
  ready = true;
  snapshots = 0;
  now: MonitoringSnapshot = SNAPSHOT;
  /** Objects that a listing has. */
  count = 2;
  /** Set while snapshots must wait. */
  hold: Promise<void> | undefined;
  /** Objects that were taken so far. */
  taken = 0;
  async snapshot(): Promise<MonitoringSnapshot> {
    this.snapshots++;
    await this.hold;
    return this.now;
  }
  async *listSas(): AsyncIterable<string> {
    for (let i = 0; i < this.count; i++) {
      this.taken++;
      yield JSON.stringify({ gw: { uniqueid: i, pad: 'x'.repeat(1000) } });
    }
  }
  async *listConns(): AsyncIterable<string> {
    if (this.count < 0) yield '';
  }
}

let server: MonitoringServer | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.[Symbol.asyncDispose]();
});

async function open(limits: Partial<MonitoringLimits> = {}, address = '127.0.0.1') {
  const source = new FakeSource();
  const log = new MemoryLog();
  server = new MonitoringServer({ address, port: 0 }, log, limits);
  const where = await server.serve(source);
  return { source, log, where, port: Number(where.split(':').at(-1)), observer: server.observer };
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(port: number, path: string, options: object = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, agent: false, ...options }, (answer) => {
      let body = '';
      answer.on('data', (text) => {
        body += String(text);
      });
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body }));
      answer.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** A socket that says what it is told, and what it heard. */
function raw(port: number, text: string) {
  const socket = connect({ host: '127.0.0.1', port });
  sockets.push(socket);
  const state = { socket, heard: '', closed: false };
  socket.on('data', (octets) => {
    state.heard += String(octets);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    state.closed = true;
  });
  socket.write(text);
  return state;
}

const line = (body: string, start: string): string | undefined =>
  body
    .split('\n')
    .find((text) => text.startsWith(`${start} `))
    ?.slice(start.length + 1);

describe('/metrics', () => {
  test('tells states, tunnels that are down, counters and pools', async () => {
    const { port } = await open();
    const { status, headers, body } = await ask(port, '/metrics');
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(headers['cache-control']).toBe('no-store');
    const expected = {
      'charon_ike_sas{state="ESTABLISHED"}': '2',
      'charon_ike_sas{state="CONNECTING"}': '1',
      charon_ike_sas_half_open: '1',
      charon_child_sas: '2',
      charon_connections: '3',
      charon_scheduled: '17',
      charon_vici_clients: '2',
      charon_start_time_seconds: '1700000000',
      'charon_tunnels{state="up",start="start"}': '1',
      'charon_tunnels{state="down",start="start"}': '1',
      'charon_tunnels{state="down",start="none"}': '1',
      'charon_tunnels{state="down",start="trap"}': '0',
      'charon_tunnel_up{connection="gw",child="net",start="start"}': '1',
      'charon_tunnel_up{connection="gw",child="more",start="start"}': '0',
      'charon_tunnel_up{connection="rw \\"1\\"\\n",child="a\\\\b",start="none"}': '0',
      charon_tunnels_omitted: '0',
      'charon_ike_messages_total{exchange="ike-init",direction="in",type="req"}': '5',
      'charon_ike_messages_total{exchange="info",direction="out",type="resp"}': '2',
      'charon_events_total{counter="invalid"}': '9',
      'charon_events_total{counter="ike-rekey-init"}': '1',
      'charon_pool_addresses{pool="v4",state="online"}': '3',
      charon_log_lines_lost_total: '4',
    };
    expect(
      Object.fromEntries(Object.keys(expected).map((name) => [name, line(body, name)])),
    ).toEqual(expected);
    for (const name of ['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes']) {
      expect(Number(line(body, name))).toBeGreaterThan(0);
    }
  });

  test('tells latencies, retransmissions and what was given up', async () => {
    const { port, observer } = await open();
    observer.answered(ExchangeType.IKE_AUTH, 30);
    observer.answered(ExchangeType.IKE_AUTH, 4000);
    observer.retransmitted(ExchangeType.INFORMATIONAL);
    observer.retransmitted(ExchangeType.INFORMATIONAL);
    observer.givenUp(ExchangeType.INFORMATIONAL);
    const { body } = await ask(port, '/metrics');
    const bucket = (le: string) =>
      line(body, `charon_exchange_duration_seconds_bucket{le="${le}",exchange="IKE_AUTH"}`);
    expect([bucket('0.025'), bucket('0.05'), bucket('2.5'), bucket('+Inf')]).toEqual([
      ...['0', '1', '1', '2'],
    ]);
    expect(line(body, 'charon_exchange_duration_seconds_sum{exchange="IKE_AUTH"}')).toBe('4.03');
    expect(line(body, 'charon_retransmissions_total{exchange="INFORMATIONAL"}')).toBe('2');
    expect(line(body, 'charon_exchanges_given_up_total{exchange="INFORMATIONAL"}')).toBe('1');
  });

  test('forgets what is no more, and follows counters that were reset', async () => {
    const { port, source } = await open();
    await ask(port, '/metrics');
    source.now = {
      ...SNAPSHOT,
      tunnels: [],
      pools: [],
      ikeSasByState: {},
      counters: { invalid: 1 },
    };
    const { body } = await ask(port, '/metrics');
    expect(body).not.toMatch(/charon_(tunnel_up|pool_addresses|ike_sas)\{/);
    expect(line(body, 'charon_events_total{counter="invalid"}')).toBe('1');
  });

  test('of very many tunnels only those that are missing are told one by one, and not too many', async () => {
    const { port, source } = await open();
    const tunnel = (i: number): TunnelView => ({
      connection: `c${i}`,
      child: 'net',
      start: i % 3 === 0 ? 'none' : 'start',
      up: i % 3 === 1,
    });
    source.now = { ...SNAPSHOT, tunnels: Array.from({ length: 9000 }, (_, i) => tunnel(i)) };
    const { body } = await ask(port, '/metrics');
    expect(line(body, 'charon_tunnels{state="down",start="start"}')).toBe('3000');
    expect(line(body, 'charon_tunnels_omitted')).toBe('8000');
    expect(body.match(/^charon_tunnel_up\{.*\} 0$/gm)).toHaveLength(1000);
    expect(body).not.toMatch(/^charon_tunnel_up\{.*\} 1$/m);
  });

  test('many who ask at once are one look', async () => {
    const { port, source } = await open();
    let release = (): void => undefined;
    source.hold = new Promise((resolve) => {
      release = resolve;
    });
    const all = Array.from({ length: 20 }, () => ask(port, '/metrics'));
    await until(() => source.snapshots > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    release();
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(source.snapshots).toBe(1);
  });
});

describe('JSON', () => {
  test('/list-sas and /list-conns are arrays of objects', async () => {
    const { port } = await open();
    const sas = await ask(port, '/list-sas?ignored=1');
    expect(sas.headers['content-type']).toBe('application/json');
    expect(JSON.parse(sas.body)).toMatchObject([{ gw: { uniqueid: 0 } }, { gw: { uniqueid: 1 } }]);
    expect(JSON.parse((await ask(port, '/list-conns')).body)).toEqual([]);
  });

  test('/health and /ready', async () => {
    const { port, source } = await open();
    expect(await ask(port, '/health')).toMatchObject({ status: 200, body: '{"status":"ok"}\n' });
    expect(await ask(port, '/ready')).toMatchObject({ status: 200, body: '{"status":"ready"}\n' });
    source.ready = false;
    expect(await ask(port, '/ready')).toMatchObject({ status: 503 });
    expect(await ask(port, '/health')).toMatchObject({ status: 200 });
  });

  test('anything else is not there', async () => {
    const { port } = await open();
    for (const path of [
      '/',
      '/metrics/',
      '/list-sas/..%2f',
      '/../etc/passwd',
      '//x/metrics',
      '*',
    ]) {
      expect([path, (await ask(port, path)).status]).toEqual([path, 404]);
    }
  });
});

describe('strangers', () => {
  test.each([
    ['evil.example.org', 403],
    ['evil.example.org:@', 403],
    ['localhost.evil.example.org', 403],
    ['127.0.0.1.evil.example.org', 403],
    ['127.0.0.1:1', 403],
    ['[::2]:@', 403],
    ['localhost', 200],
    ['LOCALHOST:@', 200],
    ['127.0.0.1:@', 200],
    ['127.9.9.9:@', 200],
    ['[::1]:@', 200],
  ])('DNS rebinding: Host %s gets %i', async (host, status) => {
    const { port } = await open();
    const headers = { host: host.replace('@', String(port)) };
    const answer = await ask(port, '/list-conns', { headers });
    expect(answer.status).toBe(status);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE'])(
    '%s is not answered',
    async (method) => {
      const { port } = await open();
      const answer = await ask(port, '/metrics', { method });
      expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET' } });
      expect(answer.body).not.toContain('charon_');
    },
  );

  test('CONNECT, an upgrade, garbage, a body, two Hosts and endless headers are cut off', async () => {
    const { port } = await open();
    const host = 'Host: localhost\r\n';
    for (const text of [
      `CONNECT localhost:1 HTTP/1.1\r\n${host}\r\n`,
      'nonsense\r\n\r\n',
      `GET /metrics HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nhello`,
      'GET /metrics HTTP/1.1\r\n\r\n',
      'GET /metrics HTTP/1.1\r\nHost:\r\n\r\n',
      'GET /metrics HTTP/1.0\r\n\r\n',
      `GET http://evil.example.org/metrics HTTP/1.1\r\n${host}Connection: close\r\n\r\n`,
      `GET /metrics HTTP/1.1\r\n${host}X: ${'x'.repeat(20_000)}\r\n\r\n`,
    ]) {
      const client = raw(port, text);
      await until(() => client.closed);
      expect(client.heard).not.toContain('charon_');
      expect(client.heard).not.toMatch(/^HTTP\/1\.1 2/);
    }
    const upgrade = raw(
      port,
      `GET /health HTTP/1.1\r\n${host}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
    await until(() => upgrade.heard.includes('"ok"'));
    expect(upgrade.heard).toMatch(/^HTTP\/1\.1 200/);
  });

  test('who says nothing, or one octet now and then, is cut off, and others are served meanwhile', async () => {
    const { port } = await open({ request: 300, idle: 300 });
    const silent = raw(port, '');
    const slow = raw(port, 'GET /health HTTP/1.1\r\n');
    const drip = setInterval(() => slow.socket.write('x'), 50);
    expect((await ask(port, '/health')).status).toBe(200);
    await until(() => silent.closed && slow.closed, 5000);
    clearInterval(drip);
  });

  test('who does not read stops the listing, is cut off, and costs little memory', async () => {
    const { port, source } = await open({ stall: 300 });
    source.count = 100_000;
    const asked = raw(port, 'GET /list-sas HTTP/1.1\r\nHost: localhost\r\n\r\n');
    asked.socket.pause();
    await until(() => source.taken > 0);
    // Nothing more is made once the socket is full, however long that takes to be.
    for (let before = -1; before !== source.taken; ) {
      before = source.taken;
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    asked.socket.resume();
    await until(() => asked.closed);
    expect(source.taken).toBeLessThan(20_000);
  });

  test('who reads too slowly is cut off after a while', async () => {
    const { port, source } = await open({ answer: 400 });
    source.count = 100_000;
    const asked = raw(port, 'GET /list-sas HTTP/1.1\r\nHost: localhost\r\n\r\n');
    asked.socket.pause();
    const sip = setInterval(() => asked.socket.read(1), 20);
    await new Promise((resolve) => setTimeout(resolve, 600));
    clearInterval(sip);
    asked.socket.resume();
    await until(() => asked.closed);
    expect(source.taken).toBeLessThan(100_000);
  });

  test('listings at once are few, connections at once are bounded', async () => {
    const { port, source } = await open();
    source.count = 100_000;
    const listing = 'GET /list-sas HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const readers = Array.from({ length: 6 }, () => raw(port, listing));
    for (const { socket } of readers) socket.pause();
    await until(() => source.taken > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await ask(port, '/list-sas')).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
    });
    expect((await ask(port, '/health')).status).toBe(200);
    const crowd = Array.from({ length: 100 }, () => raw(port, ''));
    await until(() => crowd.filter(({ closed }) => !closed).length <= 32 - readers.length);
    expect(readers.filter(({ closed }) => !closed).length).toBeGreaterThanOrEqual(4);
  });
});

test('a port in use is an error that says so; IPv6 has brackets', async () => {
  const { port, where } = await open({}, '::1');
  expect(where).toBe(`[::1]:${port}`);
  const second = new MonitoringServer({ address: '::1', port }, new MemoryLog());
  await expect(second.serve(new FakeSource())).rejects.toThrow(
    /metrics cannot be served at ::1 port/,
  );
  await second[Symbol.asyncDispose]();
});
