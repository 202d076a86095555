import { afterEach, expect, test } from 'vitest';
import type { DatagramTransport, InboundDatagram } from '../../../../daemon/contracts/datagram.ts';
import type { TransportSettings } from '../../../../daemon/contracts/plugin.ts';
import { AddressBook } from '../../../../plugins/socket-netlink/addresses.ts';
import { openTransport } from '../../../../plugins/socket-netlink/open.ts';
import { MemoryLog } from '../../../support/memory-log.ts';
import { octets, until } from '../../../support/native-values.ts';
import { ip } from '../../../support/selectors.ts';

const anyPorts: TransportSettings = { ikePort: 0, nattPort: 0, ipv4: true, ipv6: true };
const opened: DatagramTransport[] = [];
const log = new MemoryLog(2);

async function open(more: Partial<TransportSettings> = {}): Promise<DatagramTransport> {
  const transport = await openTransport({ ...anyPorts, ...more }, log);
  opened.push(transport);
  return transport;
}

afterEach(async () => {
  log.records.length = 0;
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
});

/** Collects what arrives; the octets are copied as the contract demands. */
function collect(transport: DatagramTransport): InboundDatagram[] {
  const got: InboundDatagram[] = [];
  transport.onDatagram(({ data, local, remote }) =>
    got.push({ data: data.slice(), local, remote }),
  );
  return got;
}

test('both ports carry both families, addresses as text', async () => {
  const [a, b] = [await open(), await open()];
  const got = collect(b);
  const marker = Uint8Array.of(0, 0, 0, 0, 9);
  a.send(
    { address: ip('127.0.0.3'), port: a.ikePort },
    { address: ip('127.0.0.1'), port: b.ikePort },
    marker,
  );
  a.send({ address: ip('::'), port: a.nattPort }, { address: ip('::1'), port: b.nattPort }, marker);
  await until(() => got.length === 2, 'two datagrams');
  expect(got).toContainEqual({
    data: marker,
    local: { address: '127.0.0.1', port: b.ikePort },
    remote: { address: '127.0.0.3', port: a.ikePort },
  });
  expect(got).toContainEqual({
    data: marker,
    local: { address: '::1', port: b.nattPort },
    remote: { address: '::1', port: a.nattPort },
  });
});

test('an answer from the handler goes back from the address that was asked', async () => {
  const [a, b] = [await open(), await open()];
  const got = collect(a);
  b.onDatagram(({ data, local, remote }) => b.send(local, remote, data, { dscp: 46 }));
  const question = Uint8Array.of(1, 2, 3);
  a.send(
    { address: ip('127.0.0.3'), port: a.ikePort },
    { address: ip('127.0.0.8'), port: b.ikePort },
    question,
  );
  await until(() => got.length === 1, 'the answer');
  expect(got[0]).toMatchObject({ data: question, remote: { address: '127.0.0.8' } });
});

test('set_source = no: the kernel chooses the address that is sent from', async () => {
  const [a, b] = [await open(), await open({ kernelChoosesSource: true })];
  const got = collect(a);
  b.send(
    { address: ip('127.0.0.8'), port: b.ikePort },
    { address: ip('127.0.0.3'), port: a.ikePort },
    Uint8Array.of(1),
  );
  await until(() => got.length === 1, 'the datagram');
  expect(got[0]).toMatchObject({ remote: { address: '127.0.0.1', port: b.ikePort } });
});

test.each([
  ['use_ipv4', { ipv6: false }, '127.0.0.1', '::1'],
  ['use_ipv6', { ipv4: false }, '::1', '127.0.0.1'],
] as const)(
  '%s alone: nothing is heard or said in the other family',
  async (_, only, own, other) => {
    const [a, b] = [await open(), await open(only)];
    const got = collect(b);
    for (const address of [other, own]) {
      const here = { address: ip(address), port: a.ikePort };
      a.send(here, { address: ip(address), port: b.ikePort }, Uint8Array.of(1));
    }
    await until(() => got.length === 1, 'one datagram');
    expect(got[0]).toMatchObject({ remote: { address: own } });
    b.send(
      { address: ip(other), port: b.ikePort },
      { address: ip(other), port: 9 },
      Uint8Array.of(1),
    );
    expect(log.lines).toContainEqual(expect.stringContaining('socket with port'));
  },
);

test('a handler that throws does not keep the next datagram', async () => {
  const [a, b] = [await open(), await open()];
  let calls = 0;
  b.onDatagram(() => {
    calls++;
    throw new Error('cannot');
  });
  const to = { address: ip('127.0.0.1'), port: b.ikePort };
  for (let i = 0; i < 3; i++)
    a.send({ address: ip('0.0.0.0'), port: a.ikePort }, to, Uint8Array.of(i));
  await until(() => calls === 3, 'three calls');
  expect(log.lines.filter((line) => line === 'handling a datagram failed: cannot')).toHaveLength(3);
});

test('failures to send are logged, never thrown', async () => {
  const a = await open({ ipv6: false });
  const data = Uint8Array.of(1);
  const from = { address: ip('0.0.0.0'), port: a.ikePort };
  a.send(from, { address: ip('2001:db8::1'), port: 500 }, data);
  a.send({ ...from, port: 9 }, { address: ip('127.0.0.1'), port: 500 }, data);
  a.send(from, { address: ip('255.255.255.255'), port: 500 }, data);
  await until(() => log.lines.some((line) => /sendmmsg failed/.test(line)), 'the refused datagram');
  expect(log.lines).toContainEqual(`no IPv6 socket with port ${a.ikePort} to send to 2001:db8::1`);
  expect(log.lines).toContainEqual('no IPv4 socket with port 9 to send to 127.0.0.1');
});

test('a port in use is a SocketError that says what to do, and leaves nothing open', async () => {
  const a = await open({ ipv6: false });
  await expect(open({ ikePort: a.ikePort })).rejects.toMatchObject({
    code: 'SOCKET',
    errnoName: 'EADDRINUSE',
    message: expect.stringMatching(/another IKE daemon/),
  });
  await expect(open({ nattPort: a.nattPort })).rejects.toMatchObject({ code: 'SOCKET' });
  await expect(open({ ipv4: false, ipv6: false })).rejects.toMatchObject({ code: 'SOCKET' });
});

test('addresses are remembered in both directions, and only so many', () => {
  const book = new AddressBook();
  expect(book.text(octets('192.0.2.1'))).toBe('192.0.2.1');
  expect(book.text(octets('192.0.2.1'))).toBe('192.0.2.1');
  expect(book.text(octets('2001:db8::ff'))).toBe('2001:db8::ff');
  expect(book.octets(ip('2001:db8::ff'))).toBe(book.octets(ip('2001:db8::ff')));
  for (let i = 0; i < 10_000; i++) {
    expect(book.text(Uint8Array.of(10, 0, i >> 8, i & 255))).toBe(`10.0.${i >> 8}.${i & 255}`);
  }
});
