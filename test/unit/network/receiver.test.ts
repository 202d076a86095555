import { expect, test } from 'vitest';
import { Receiver } from '../../../daemon/network/receiver.ts';
import { ip } from '../../support/selectors.ts';

const remote = { address: ip('192.0.2.1'), port: 500 };
const local = (port: number) => ({ address: ip('192.0.2.2'), port });

function receive(port: number, ...datagrams: Uint8Array[]) {
  const messages: Uint8Array[] = [];
  const receiver = new Receiver(
    500,
    () => 40,
    (message) => messages.push(message.slice()),
  );
  for (const data of datagrams) receiver.receive({ data, local: local(port), remote });
  return { messages, counters: receiver.counters };
}

test('on port 500 a datagram is an IKE message as it is', () => {
  expect(receive(500, Uint8Array.of(1, 2, 3)).messages).toEqual([Uint8Array.of(1, 2, 3)]);
});

test('on port 4500 four zero octets mark IKE and are removed, RFC 3948 section 2.2', () => {
  expect(receive(4500, Uint8Array.of(0, 0, 0, 0, 5, 6)).messages).toEqual([Uint8Array.of(5, 6)]);
});

test('SEC-01 keepalives, ESP, empty and short datagrams on port 4500 are dropped and counted', () => {
  const { messages, counters } = receive(
    4500,
    Uint8Array.of(0xff),
    Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    new Uint8Array(0),
    new Uint8Array(3),
  );
  expect(messages).toEqual([]);
  expect(counters).toEqual({ keepalives: 1, notIke: 3, tooLong: 0 });
});

test('messages above max_packet are dropped', () => {
  const { messages, counters } = receive(500, new Uint8Array(40), new Uint8Array(41));
  expect(messages.length).toBe(1);
  expect(counters.tooLong).toBe(1);
});
