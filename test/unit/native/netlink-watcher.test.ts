import { expect, test } from 'vitest';
import type { XfrmEvent } from '../../../native/types.ts';
import { XfrmClient } from '../../../native/xfrm-client.ts';
import { type FakeSocket, fakeNetlink, netlinkMessage } from '../../support/fake-netlink.ts';

function watched(): { client: XfrmClient; socket: () => FakeSocket } {
  const sockets: FakeSocket[] = [];
  const client = new XfrmClient({ open: fakeNetlink(() => undefined, sockets) });
  const socket = (): FakeSocket => {
    const last = sockets.at(-1);
    if (last === undefined) throw new Error('no socket');
    return last;
  };
  return { client, socket };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a watcher joins its groups and tells events in order, overruns included', async () => {
  const { client, socket } = watched();
  const events: XfrmEvent[] = [];
  using watcher = client.watch((event) => events.push(event), [1, 8]);
  expect(socket().groups).toEqual([1, 8]);
  const body = Uint8Array.of(9);
  socket().deliver([netlinkMessage(0x20, 0, body)], 105);
  socket().deliver([netlinkMessage(0x20, 0, body), netlinkMessage(0x17, 0, body)]);
  socket().deliver([Uint8Array.of(1, 2, 3)]);
  await turn();
  expect(events.map(({ kind }) => kind)).toEqual([
    'other',
    'overrun',
    'other',
    'malformed',
    'malformed',
  ]);
  watcher.close();
  watcher.close();
  expect(socket().closed).toBe(true);
});

test('the stream of events ends with its signal and closes the socket', async () => {
  const { client, socket } = watched();
  const abort = new AbortController();
  const seen: string[] = [];
  const reading = (async () => {
    for await (const event of client.events(abort.signal)) {
      seen.push(event.kind);
      if (seen.length === 2) abort.abort();
    }
  })();
  await turn();
  socket().deliver([netlinkMessage(0x20, 0), netlinkMessage(0x20, 0), netlinkMessage(0x20, 0)]);
  await reading;
  expect(seen).toEqual(['other', 'other']);
  expect(socket().closed).toBe(true);
});

test('the stream of events ends while it waits', async () => {
  const { client, socket } = watched();
  const abort = new AbortController();
  const reading = (async () => {
    for await (const _ of client.events(abort.signal)) throw new Error('no event was sent');
  })();
  await turn();
  abort.abort();
  await reading;
  expect(socket().closed).toBe(true);
});

test('a slow reader loses the oldest events and is told', async () => {
  const { client, socket } = watched();
  const abort = new AbortController();
  const events = client.events(abort.signal)[Symbol.asyncIterator]();
  const first = events.next();
  await turn();
  const flood = Array.from({ length: 5000 }, () => netlinkMessage(0x20, 0));
  socket().deliver(flood);
  expect((await first).value).toEqual({ kind: 'overrun' });
  const kinds = new Set<string>();
  for (let i = 0; i < 4096; i++) kinds.add((await events.next()).value.kind);
  expect(kinds).toEqual(new Set(['other']));
  abort.abort();
  await events.return?.();
});
