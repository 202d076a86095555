import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import type { FetchRequest } from '../../../../daemon/contracts/fetcher.ts';
import { NodeFetcher } from '../../../../daemon/runtime/node-fetcher.ts';
import { concatBytes, latin1, utf8 } from '../../../../daemon/util/bytes.ts';
import { rawAnswer, type TestServer, tcpServer } from '../../../support/hostile-servers.ts';

const SIZE_LIMIT = 1024 * 1024;

function request(server: TestServer, changes: Partial<FetchRequest> = {}): FetchRequest {
  return {
    url: `ldap://127.0.0.1:${server.port}/cn=ca,o=x?certificateRevocationList;binary`,
    origin: 'configured',
    timeLimit: 1500,
    sizeLimit: SIZE_LIMIT,
    redirects: 3,
    ...changes,
  };
}

/** BER with lengths as short as they can be. */
function ber(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const inner = concatBytes(...contents);
  const length =
    inner.length < 128
      ? [inner.length]
      : [0x84, ...[24, 16, 8, 0].map((shift) => (inner.length >>> shift) & 0xff)];
  return concatBytes(Uint8Array.of(tag, ...length), inner);
}

const integer = (value: number) => ber(0x02, Uint8Array.of(value));
const text = (value: string) => ber(0x04, utf8(value));
const message = (id: number, operation: Uint8Array) => ber(0x30, integer(id), operation);

function entry(id: number, type: string, ...values: readonly Uint8Array[]): Uint8Array {
  const attribute = ber(0x30, text(type), ber(0x31, ...values.map((value) => ber(0x04, value))));
  return message(id, ber(0x64, text('cn=ca,o=x'), ber(0x30, attribute)));
}

function done(id: number, code = 0): Uint8Array {
  return message(id, ber(0x65, ber(0x0a, Uint8Array.of(code)), text(''), text('')));
}

/** A directory that answers each search with these messages; they get the id of the request. */
function directory(
  answer: (id: number, question: string) => readonly Uint8Array[],
  send = (socket: Socket, octets: Uint8Array): void => void socket.write(octets),
): Promise<TestServer> {
  return tcpServer((socket) =>
    socket.on('data', (octets) => {
      const id = octets[4] ?? 0;
      if (octets[5] !== 0x63) return;
      send(socket, concatBytes(...answer(id, latin1(octets))));
    }),
  );
}

test('the value of the attribute comes as it is', async () => {
  const crl = Uint8Array.from({ length: 300_000 }, (_, i) => i % 256);
  let asked = '';
  await using server = await directory((id, question) => {
    asked = question;
    return [entry(id, 'certificateRevocationList;binary', crl), done(id)];
  });
  const result = await new NodeFetcher().fetch(request(server));
  expect(result.ok && Buffer.compare(result.body, crl)).toBe(0);
  expect(asked).toContain('cn=ca,o=x');
  expect(asked).toContain('certificateRevocationList;binary');
});

test('an answer in pieces of one octet is put together', async () => {
  await using server = await directory(
    (id) => [entry(id, 'certificateRevocationList;binary', utf8('crl')), done(id)],
    (socket, octets) => {
      socket.setNoDelay(true);
      let at = 0;
      const timer = setInterval(() => {
        socket.write(octets.subarray(at, ++at));
        if (at === octets.length) clearInterval(timer);
      }, 1);
      socket.on('close', () => clearInterval(timer));
    },
  );
  expect(await new NodeFetcher().fetch(request(server))).toEqual({ ok: true, body: utf8('crl') });
});

test('nothing there, an error of the directory, another attribute', async () => {
  await using nothing = await directory((id) => [done(id)]);
  expect(await new NodeFetcher().fetch(request(nothing))).toEqual({
    ok: false,
    reason: expect.stringContaining('no such attribute'),
  });
  await using noSuchObject = await directory((id) => [done(id, 32)]);
  expect(await new NodeFetcher().fetch(request(noSuchObject))).toMatchObject({ ok: false });
  await using other = await directory((id) => [
    entry(id, '__proto__', utf8('x')),
    entry(id, 'userPassword', utf8('x')),
    done(id),
  ]);
  expect(await new NodeFetcher().fetch(request(other))).toMatchObject({ ok: false });
});

const lies: readonly (readonly [name: string, octets: (id: number) => Uint8Array])[] = [
  ['what is not LDAP', () => utf8('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['a length of 4 GiB', () => Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff)],
  ['an indefinite length', () => Uint8Array.of(0x30, 0x80, 2, 1, 2, 0, 0)],
  ['a message of many elements', (id) => entry(id, 'a', ...new Array(1000).fill(utf8('x')))],
  ['a child that is longer than its parent', () => Uint8Array.of(0x30, 5, 2, 1, 2, 0x64, 0x7f)],
  ['many tiny messages', () => concatBytes(...new Array(20_000).fill(done(99)))],
  ['too much', (id) => entry(id, 'a', new Uint8Array(SIZE_LIMIT + 200_000))],
  ['deep nesting', () => nested(200_000)],
];

function nested(depth: number): Uint8Array {
  return new Uint8Array(depth * 6).map((_, i) => [0x30, 0x84, 0, 0x0f, 0, 0][i % 6] ?? 0);
}

test.each(lies)('%s ends the connection soon', async (_, octets) => {
  await using server = await directory((id) => [octets(id)]);
  const result = await new NodeFetcher().fetch(request(server, { timeLimit: 5000 }));
  expect(result).toMatchObject({ ok: false });
});

test('a directory that says nothing costs the time limit', async () => {
  await using server = await rawAnswer('');
  const result = await new NodeFetcher().fetch(request(server, { timeLimit: 300 }));
  expect(result).toEqual({ ok: false, reason: expect.stringContaining('took too long') });
});

test('the addresses of this host are not for URLs of certificates', async () => {
  await using server = await rawAnswer('');
  const result = await new NodeFetcher().fetch(request(server, { origin: 'certificate' }));
  expect(result).toMatchObject({ ok: false });
  expect(server.connections()).toBe(0);
});
