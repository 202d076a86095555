import { expect, test } from 'vitest';
import { NetlinkDecodeError, NetlinkError } from '../../../native/errors.ts';
import { NetlinkChannel } from '../../../native/netlink-channel.ts';
import { buildMessage, type NetlinkMessage } from '../../../native/nlmsg.ts';
import { empty } from '../../../native/xfrm-structs.ts';
import {
  ack,
  done,
  type FakeSocket,
  fakeNetlink,
  netlinkMessage,
} from '../../support/fake-netlink.ts';

const name = { request: 'XFRM_MSG_NEWSA', operation: 'add SA' };
const request = (type = 0x10): Uint8Array => buildMessage(type, 4, empty, {});
const octets = (...values: number[]): Uint8Array => Uint8Array.from(values);

test('a request resolves with the messages that came before its acknowledgement', async () => {
  using channel = new NetlinkChannel(
    fakeNetlink(({ seq }, socket) => {
      socket.deliver([netlinkMessage(0x10, seq, octets(1, 2, 3, 4)), ack(seq)]);
    }),
    1000,
  );
  const answers = await channel.request(request(), name);
  expect(answers.map(({ type, body }) => [type, [...body]])).toEqual([[0x10, [1, 2, 3, 4]]]);
  expect(channel.outstanding).toBe(0);
});

test('answers find their request in any order', async () => {
  const seen: { seq: number; type: number }[] = [];
  using channel = new NetlinkChannel(
    fakeNetlink(({ seq, type }, socket) => {
      seen.push({ seq, type });
      if (seen.length < 3) return;
      for (const one of seen.reverse()) {
        socket.deliver([netlinkMessage(0x50, one.seq, octets(one.type)), ack(one.seq)]);
      }
    }),
    1000,
  );
  const types = [0x11, 0x12, 0x13];
  const all = await Promise.all(types.map((type) => channel.request(request(type), name)));
  expect(all.map(([message]) => message?.body[0])).toEqual(types);
});

test('a refusal carries the request, its name, errno and the explanation of the kernel', async () => {
  using channel = new NetlinkChannel(
    fakeNetlink(({ seq }, socket) => socket.deliver([ack(seq, 17, 'SA exists')])),
    1000,
  );
  const failure = await channel.request(request(), name).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(NetlinkError);
  expect(failure).toMatchObject({
    code: 'EEXIST',
    errno: 17,
    syscall: 'XFRM_MSG_NEWSA',
    operation: 'add SA',
    extAck: 'SA exists',
    message: 'add SA: XFRM_MSG_NEWSA failed with EEXIST (SA exists)',
  });
});

test('a request without an answer is sent once more, then rejected with ETIMEDOUT; a late answer changes nothing', async () => {
  const asked: NetlinkMessage[] = [];
  const unanswered: string[] = [];
  let answer: (() => void) | undefined;
  using channel = new NetlinkChannel(
    fakeNetlink((message, socket) => {
      asked.push(message);
      answer ??= () => socket.deliver([ack(message.seq)]);
      if (asked.length > 2) socket.deliver([ack(message.seq)]);
    }),
    20,
    (operation) => unanswered.push(operation),
  );
  const first = netlinkMessage(0x10, 0, octets(1, 2, 3, 4));
  await expect(channel.request(first, name)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  expect(asked.map(({ body }) => [...body])).toEqual([
    [1, 2, 3, 4],
    [1, 2, 3, 4],
  ]);
  expect(new Set(asked.map(({ seq }) => seq)).size).toBe(2);
  expect(unanswered).toEqual(['add SA']);
  answer?.();
  await expect(channel.request(request(), name)).resolves.toEqual([]);
});

test('what is sent again may find the work of the first sending done', async () => {
  const refusing = (errno: number) => {
    let asked = 0;
    return new NetlinkChannel(
      fakeNetlink(({ seq }, socket) => {
        if (++asked > 1) socket.deliver([ack(seq, errno)]);
      }),
      20,
    );
  };
  const again = { done: (errno: number) => errno === 3 };
  using gone = refusing(3);
  await expect(gone.request(request(), name, again)).resolves.toEqual([]);
  using denied = refusing(1);
  await expect(denied.request(request(), name, again)).rejects.toMatchObject({ code: 'EPERM' });
  using plain = refusing(3);
  await expect(plain.request(request(), name)).rejects.toMatchObject({ code: 'ESRCH' });
});

test('a refusal of the first sending stands, whatever would be said of a second', async () => {
  using channel = new NetlinkChannel(
    fakeNetlink(({ seq }, socket) => socket.deliver([ack(seq, 3)])),
    20,
  );
  const again = { done: () => true };
  await expect(channel.request(request(), name, again)).rejects.toMatchObject({ code: 'ESRCH' });
});

test('the message is wiped once it is sent', async () => {
  using channel = new NetlinkChannel(
    fakeNetlink(({ seq }, socket) => socket.deliver([ack(seq)])),
    1000,
  );
  const message = request();
  await channel.request(message, name);
  expect(message.every((octet) => octet === 0)).toBe(true);
});

test('a request that cannot be sent rejects with the error of the socket', async () => {
  using channel = new NetlinkChannel(
    fakeNetlink(() => {
      throw new NetlinkError('add SA', 'sendto', 1);
    }),
    1000,
  );
  await expect(channel.request(request(), name)).rejects.toMatchObject({
    code: 'EPERM',
    syscall: 'sendto',
  });
  expect(channel.outstanding).toBe(0);
});

test('closing rejects what is outstanding with ECANCELED, and closing again does nothing', async () => {
  const channel = new NetlinkChannel(
    fakeNetlink(() => undefined),
    1000,
  );
  const outstanding = channel.request(request(), name);
  channel.close();
  channel.close();
  await expect(outstanding).rejects.toMatchObject({ code: 'ECANCELED', operation: 'add SA' });
  await expect(channel.request(request(), name)).rejects.toMatchObject({ code: 'ECANCELED' });
});

test('ENOBUFS rejects what is outstanding and the channel goes on', async () => {
  let overrun = true;
  using channel = new NetlinkChannel(
    fakeNetlink(({ seq }, socket) => {
      if (overrun) socket.deliver([], 105);
      else socket.deliver([ack(seq)]);
    }),
    1000,
  );
  await expect(channel.request(request(), name)).rejects.toMatchObject({ code: 'ENOBUFS' });
  overrun = false;
  await expect(channel.request(request(), name)).resolves.toEqual([]);
});

test('SEC-88 a malformed datagram rejects what is outstanding with NetlinkDecodeError', async () => {
  let good = false;
  using channel = new NetlinkChannel(
    fakeNetlink(({ seq }, socket) =>
      socket.deliver([good ? ack(seq) : octets(200, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)]),
    ),
    1000,
  );
  await expect(channel.request(request(), name)).rejects.toBeInstanceOf(NetlinkDecodeError);
  good = true;
  await expect(channel.request(request(), name)).resolves.toEqual([]);
});

test('SEC-88 a truncated NLMSG_ERROR rejects its request with NetlinkDecodeError', async () => {
  using channel = new NetlinkChannel(
    fakeNetlink(({ seq }, socket) => socket.deliver([netlinkMessage(2, seq, octets(1, 2))])),
    1000,
  );
  await expect(channel.request(request(), name)).rejects.toBeInstanceOf(NetlinkDecodeError);
});

test('answers to nobody are ignored', async () => {
  using channel = new NetlinkChannel(
    fakeNetlink(({ seq }, socket) => socket.deliver([ack(seq + 77, 1), ack(0, 1), ack(seq)])),
    1000,
  );
  await expect(channel.request(request(), name)).resolves.toEqual([]);
});

test('a dump in several datagrams resolves whole', async () => {
  using channel = new NetlinkChannel(
    fakeNetlink(({ seq }, socket) => {
      socket.deliver([netlinkMessage(0x10, seq, octets(1), 2)]);
      socket.deliver([netlinkMessage(0x10, seq, octets(2), 2), done(seq)]);
    }),
    1000,
  );
  const answers = await channel.dump(request(), name);
  expect(answers.map(({ body }) => body[0])).toEqual([1, 2]);
});

test('dumps go one after another', async () => {
  const sockets: FakeSocket[] = [];
  const started: number[] = [];
  using channel = new NetlinkChannel(
    fakeNetlink(({ seq }) => void started.push(seq), sockets),
    1000,
  );
  const [first, second] = [channel.dump(request(), name), channel.dump(request(), name)];
  await new Promise(setImmediate);
  expect(started).toEqual([1]);
  sockets[0]?.deliver([done(1)]);
  await first;
  await new Promise(setImmediate);
  expect(started).toEqual([1, 2]);
  sockets[0]?.deliver([done(2)]);
  await second;
});

test('a dump that a change interrupted is taken again, and given up with EINTR in the end', async () => {
  let interruptions = 2;
  let asked = 0;
  using channel = new NetlinkChannel(
    fakeNetlink(({ seq }, socket) => {
      asked++;
      const flags = interruptions-- > 0 ? 0x12 : 2;
      socket.deliver([netlinkMessage(0x10, seq, octets(asked), flags), done(seq)]);
    }),
    1000,
  );
  const answers = await channel.dump(request(), name);
  expect(asked).toBe(3);
  expect(answers.map(({ body }) => body[0])).toEqual([3]);
  interruptions = 1000;
  await expect(channel.dump(request(), name)).rejects.toMatchObject({ code: 'EINTR' });
});

test('a dump that the kernel ends with an error rejects', async () => {
  using channel = new NetlinkChannel(
    fakeNetlink(({ seq }, socket) => socket.deliver([done(seq, 95)])),
    1000,
  );
  await expect(channel.dump(request(), name)).rejects.toMatchObject({ code: 'EOPNOTSUPP' });
});
