import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGzip, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { FetchRequest } from '../../../daemon/contracts/fetcher.ts';
import { parseIp } from '../../../daemon/proto/ip-address.ts';
import { NodeFetcher, type NodeFetcherSettings } from '../../../daemon/runtime/node-fetcher.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';
import { httpServer, rawAnswer, tcpServer } from '../../support/hostile-servers.ts';

const MEBIBYTE = 1024 * 1024;

function request(url: string, changes: Partial<FetchRequest> = {}): FetchRequest {
  return {
    url,
    origin: 'configured',
    timeLimit: 2000,
    sizeLimit: 10 * MEBIBYTE,
    redirects: 3,
    ...changes,
  };
}

function fetchOnce(
  url: string,
  changes: Partial<FetchRequest> = {},
  settings: NodeFetcherSettings = {},
) {
  return new NodeFetcher(settings).fetch(request(url, changes));
}

test('a body comes as it is, with what HTTP says about caching', async () => {
  const body = Uint8Array.from({ length: 3 * MEBIBYTE }, (_, i) => i % 251);
  let seen: object = {};
  await using server = await httpServer((incoming, answer) => {
    seen = { method: incoming.method, url: incoming.url, ...incoming.headers };
    answer.setHeader('cache-control', 'public, max-age=600');
    answer.end(body);
  });
  const result = await fetchOnce(`http://127.0.0.1:${server.port}/a%20b?c=d#e`);
  expect(result).toMatchObject({ ok: true, maxAge: 600_000 });
  expect(result.ok && Buffer.compare(result.body, body)).toBe(0);
  expect(seen).toMatchObject({
    method: 'GET',
    url: '/a%20b?c=d',
    host: `127.0.0.1:${server.port}`,
    'accept-encoding': 'identity',
  });
});

test('a body to send makes it a POST', async () => {
  let type: string | undefined;
  await using server = await httpServer((incoming, answer) => {
    type = incoming.headers['content-type'];
    incoming.pipe(answer);
  });
  const result = await fetchOnce(`http://127.0.0.1:${server.port}/`, {
    body: utf8('question'),
    contentType: 'application/ocsp-request',
  });
  expect(result).toEqual({ ok: true, body: utf8('question') });
  expect(type).toBe('application/ocsp-request');
});

test.each([
  ['file://elsewhere/etc/passwd', 'no file of this machine'],
  ['file:///', 'no regular file'],
  ['file:///dev/zero', 'no regular file'],
  ['file:///nothing/there', 'ENOENT'],
  ['ftp://127.0.0.1/x', 'ftp: is not fetched'],
  ['data:,x', 'data: is not fetched'],
  ['http://user:secret@127.0.0.1/', 'has a user name'],
  ['ldap:///CN=x', 'names no server'],
  ['nonsense', 'no URL'],
  [`http://127.0.0.1/${'x'.repeat(3000)}`, 'too long'],
])('%s is refused', async (url, reason) => {
  const result = await fetchOnce(url);
  expect(result).toEqual({ ok: false, reason: expect.stringContaining(reason) });
});

test('files are for URLs of the operator alone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fetch-'));
  writeFileSync(join(folder, 'a.crl'), 'a list');
  const url = `file://${folder}/a.crl`;
  expect(await fetchOnce(url)).toEqual({ ok: true, body: utf8('a list') });
  expect(await fetchOnce(url, { sizeLimit: 5 })).toMatchObject({ ok: false });
  for (const origin of ['certificate', 'peer'] as const) {
    expect(await fetchOnce(url, { origin })).toEqual({
      ok: false,
      reason: expect.stringContaining('file: is not fetched'),
    });
  }
  rmSync(folder, { recursive: true });
});

test('a reason never carries control characters into the log', async () => {
  const result = await fetchOnce('http://[\n\u001b[31m', {});
  expect(!result.ok && /^[\x20-\x7e]*$/.test(result.reason)).toBe(true);
});

test.each([
  [404, 'HTTP status 404'],
  [500, 'HTTP status 500'],
  [204, 'HTTP status 204'],
])('status %i is no answer', async (status, reason) => {
  await using server = await httpServer((_, answer) => answer.writeHead(status).end());
  const result = await fetchOnce(`http://127.0.0.1:${server.port}/`);
  expect(result).toEqual({ ok: false, reason: expect.stringContaining(reason) });
});

test('nobody listens', async () => {
  const port = await (async () => {
    await using server = await rawAnswer('');
    return server.port;
  })();
  const result = await fetchOnce(`http://127.0.0.1:${port}/`);
  expect(result).toEqual({ ok: false, reason: expect.stringContaining('ECONNREFUSED') });
});

test('a server that accepts and says nothing costs the time limit', async () => {
  await using server = await tcpServer(() => undefined);
  const result = await fetchOnce(`http://127.0.0.1:${server.port}/`, { timeLimit: 300 });
  expect(result).toEqual({ ok: false, reason: expect.stringContaining('took too long') });
});

test('a server that sends an octet now and then costs the time limit, not its patience', async () => {
  await using server = await tcpServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
    const timer = setInterval(() => socket.write('x'), 20);
    socket.on('close', () => clearInterval(timer));
  });
  const result = await fetchOnce(`http://127.0.0.1:${server.port}/`, { timeLimit: 300 });
  expect(result).toEqual({ ok: false, reason: expect.stringContaining('took too long') });
});

test('a header that never ends is cut off', async () => {
  await using server = await rawAnswer(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(MEBIBYTE)}`);
  const result = await fetchOnce(`http://127.0.0.1:${server.port}/`);
  expect(result).toEqual({ ok: false, reason: expect.stringContaining('Header') });
});

test('a connection that is never made costs the connection limit', async () => {
  // Nothing answers in TEST-NET-1, or the network is not there: either way it ends soon.
  const result = await fetchOnce('http://192.0.2.1/', { timeLimit: 5000 }, { connectLimit: 300 });
  expect(result.ok).toBe(false);
});

test.each([
  ['announced', { 'content-length': String(10 * 1024 * MEBIBYTE) }],
  ['not announced', {}],
])('a body of 10 GiB, %s, ends at the size limit', async (_, headers) => {
  let sent = 0;
  await using server = await httpServer((_incoming, answer) => {
    answer.writeHead(200, headers);
    const piece = new Uint8Array(MEBIBYTE);
    const more = (): void => {
      while (!answer.destroyed && answer.write(piece)) sent += piece.length;
    };
    answer.on('drain', more);
    answer.on('error', () => undefined);
    more();
  });
  const result = await fetchOnce(`http://127.0.0.1:${server.port}/`);
  expect(result).toEqual({ ok: false, reason: expect.stringContaining('longer than 10485760') });
  expect(sent).toBeLessThan(64 * MEBIBYTE);
});

test('a body of exactly the limit is taken, one octet more is not', async () => {
  await using server = await httpServer((incoming, answer) => {
    answer.end(new Uint8Array(Number(incoming.url?.slice(1))));
  });
  const at = (length: number) =>
    fetchOnce(`http://127.0.0.1:${server.port}/${length}`, { sizeLimit: 5000 });
  expect(await at(5000)).toMatchObject({ ok: true });
  expect(await at(5001)).toMatchObject({ ok: false });
});

test('compressed bodies are unpacked, up to the limit', async () => {
  await using server = await httpServer((incoming, answer) => {
    answer.setHeader('content-encoding', 'gzip');
    if (incoming.url === '/small') answer.end(gzipSync('unpacked'));
    if (incoming.url === '/broken') answer.end('no gzip at all');
    if (incoming.url === '/bomb') {
      const zip = createGzip();
      zip.on('error', () => undefined);
      zip.pipe(answer);
      for (let i = 0; i < 64; i++) zip.write(new Uint8Array(MEBIBYTE));
      zip.end();
    }
  });
  const url = `http://127.0.0.1:${server.port}`;
  expect(await fetchOnce(`${url}/small`)).toEqual({ ok: true, body: utf8('unpacked') });
  expect(await fetchOnce(`${url}/broken`)).toMatchObject({ ok: false });
  expect(await fetchOnce(`${url}/bomb`)).toEqual({
    ok: false,
    reason: expect.stringContaining('longer than'),
  });
});

test('encodings nobody asked for are refused', async () => {
  await using server = await httpServer((_, answer) => {
    answer.setHeader('content-encoding', 'br');
    answer.end('x');
  });
  expect(await fetchOnce(`http://127.0.0.1:${server.port}/`)).toMatchObject({ ok: false });
});

test.each([
  ['broken chunking', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n'],
  [
    'both lengths',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n5\r\nabc',
  ],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef'],
  ['no HTTP', '220 mail.example.org ESMTP\r\n'],
  ['HTTP/0.9', '<html>'],
])('%s is an error', async (_, text) => {
  await using server = await rawAnswer(text);
  const result = await fetchOnce(`http://127.0.0.1:${server.port}/`, { timeLimit: 400 });
  expect(result).toMatchObject({ ok: false });
});

test('a body that breaks off is no body', async () => {
  await using server = await tcpServer((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc')),
  );
  expect(await fetchOnce(`http://127.0.0.1:${server.port}/`)).toMatchObject({ ok: false });
});

test('a million chunks of one octet are one body, and others are served meanwhile', async () => {
  const count = 300_000;
  await using server = await rawAnswer(
    `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(count)}0\r\n\r\n`,
  );
  let turns = 0;
  const turn = (): void => {
    turns++;
    watch = setImmediate(turn);
  };
  let watch = setImmediate(turn);
  const result = await fetchOnce(`http://127.0.0.1:${server.port}/`, { timeLimit: 25_000 });
  clearImmediate(watch);
  expect(result.ok && result.body.length).toBe(count);
  // other work has had its turn in between
  expect(turns).toBeGreaterThan(10);
});

test('redirects are followed, relative ones too, but not for ever', async () => {
  await using server = await httpServer((incoming, answer) => {
    const step = Number(incoming.url?.slice(1));
    if (step === 0) answer.end('there');
    else answer.writeHead(302, { location: step > 9 ? incoming.url : `/${step - 1}` }).end();
  });
  const url = `http://127.0.0.1:${server.port}`;
  expect(await fetchOnce(`${url}/3`)).toMatchObject({ ok: true });
  const tooMany = { ok: false, reason: expect.stringContaining('too many redirects') };
  expect(await fetchOnce(`${url}/4`)).toEqual(tooMany);
  expect(await fetchOnce(`${url}/99`)).toEqual(tooMany);
  expect(server.connections()).toBe(4 + 4 + 4);
});

test.each([
  ['file:///etc/passwd', 'file: is not fetched after a redirect'],
  ['ldap://127.0.0.1/', 'ldap: is not fetched after a redirect'],
  ['http://a:b@127.0.0.1/', 'user name'],
  ['http://224.0.0.1/', 'is not for URLs'],
])('a redirect to %s is refused', async (location, reason) => {
  await using server = await httpServer((_, answer) => answer.writeHead(301, { location }).end());
  const result = await fetchOnce(`http://127.0.0.1:${server.port}/`);
  expect(result).toEqual({ ok: false, reason: expect.stringContaining(reason) });
});

test('a POST is never turned into a GET by a redirect', async () => {
  const seen: string[] = [];
  await using server = await httpServer((incoming, answer) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    const status = Number(incoming.url?.slice(1));
    if (status > 0) answer.writeHead(status, { location: '/' }).end();
    else incoming.pipe(answer);
  });
  const post = (path: string) =>
    fetchOnce(`http://127.0.0.1:${server.port}${path}`, { body: utf8('q') });
  expect(await post('/302')).toMatchObject({ ok: false });
  expect(await post('/307')).toEqual({ ok: true, body: utf8('q') });
  expect(seen).toEqual(['POST /302', 'POST /307', 'POST /']);
});

test('servers of this host are for URLs of the operator alone, whatever the spelling', async () => {
  await using server = await httpServer((_, answer) => answer.end('inside'));
  const lookup = async () => [parseIp('127.0.0.1')].filter((address) => address !== undefined);
  for (const host of [
    '127.0.0.1',
    'crl.example.org',
    '[::ffff:127.0.0.1]',
    '0x7f.1',
    'localhost',
  ]) {
    const url = `http://${host}:${server.port}/`;
    const settings = host === 'crl.example.org' ? { lookup } : {};
    for (const origin of ['certificate', 'peer'] as const) {
      const result = await fetchOnce(url, { origin }, settings);
      expect(result).toEqual({ ok: false, reason: expect.stringContaining('is not for URLs') });
    }
  }
  expect(server.connections()).toBe(0);
  const url = `http://crl.example.org:${server.port}/`;
  expect(await fetchOnce(url, {}, { lookup })).toMatchObject({ ok: true });
  const everything = { lookup, addresses: () => 'any' as const };
  expect(await fetchOnce(url, { origin: 'certificate' }, everything)).toMatchObject({ ok: true });
});

test('many waiters for one URL are one fetch, and each may give up alone', async () => {
  let answers: (() => void)[] = [];
  await using server = await httpServer((_, answer) => answers.push(() => answer.end('one')));
  const fetcher = new NodeFetcher();
  const url = `http://127.0.0.1:${server.port}/`;
  const impatient = new AbortController();
  const lost = fetcher.fetch(request(url, { signal: impatient.signal }));
  const waiters = Array.from({ length: 50 }, () => fetcher.fetch(request(url)));
  await expect.poll(() => answers.length).toBe(1);
  impatient.abort();
  expect(await lost).toMatchObject({ ok: false });
  for (const answer of answers) answer();
  answers = [];
  for (const result of await Promise.all(waiters)) expect(result).toMatchObject({ ok: true });
  expect(server.connections()).toBe(1);
  // What has ended is not joined any more.
  const again = fetcher.fetch(request(url));
  await expect.poll(() => answers.length).toBe(1);
  answers[0]?.();
  expect(await again).toMatchObject({ ok: true });
});

test('a fetch that nobody waits for any more ends', async () => {
  let closed = 0;
  await using server = await tcpServer((socket) => socket.resume().on('close', () => closed++));
  const abort = new AbortController();
  const result = new NodeFetcher().fetch(
    request(`http://127.0.0.1:${server.port}/`, { signal: abort.signal }),
  );
  await expect.poll(() => server.connections()).toBe(1);
  abort.abort();
  expect(await result).toMatchObject({ ok: false });
  await expect.poll(() => closed).toBe(1);
});

test('a host that hangs keeps its own share of the turns, no other host waits for it', async () => {
  await using hanging = await tcpServer(() => undefined);
  await using quick = await httpServer((_, answer) => answer.end('quick'));
  const fetcher = new NodeFetcher();
  const stuck = Array.from({ length: 40 }, (_, i) =>
    fetcher.fetch(request(`http://127.0.0.1:${hanging.port}/${i}`, { timeLimit: 4000 })),
  );
  await expect.poll(() => hanging.connections()).toBe(4);
  let ended = 0;
  for (const one of stuck) void one.then(() => ended++);
  expect(await fetcher.fetch(request(`http://127.0.0.1:${quick.port}/`))).toMatchObject({
    ok: true,
  });
  expect(ended).toBe(0);
  expect(hanging.connections()).toBe(4);
  for (const result of await Promise.all(stuck)) expect(result).toMatchObject({ ok: false });
});

test('more than may wait are refused at once', async () => {
  await using hanging = await tcpServer(() => undefined);
  const fetcher = new NodeFetcher();
  const all = Array.from({ length: 100 }, (_, i) =>
    fetcher.fetch(request(`http://127.0.0.1:${hanging.port}/${i}`, { timeLimit: 500 })),
  );
  const results = await Promise.all(all);
  const reasons = results.map((result) => (result.ok ? '' : result.reason));
  expect(reasons.filter((reason) => reason.includes('too many fetches'))).toHaveLength(
    100 - 4 - 64,
  );
});
