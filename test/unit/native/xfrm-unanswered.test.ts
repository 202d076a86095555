import { expect, test } from 'vitest';
import type { NetlinkMessage } from '../../../native/nlmsg.ts';
import type { Policy, Sa } from '../../../native/types.ts';
import { XfrmClient } from '../../../native/xfrm-client.ts';
import { XfrmMode, XfrmMsg } from '../../../native/xfrm-constants.ts';
import { ack, type FakeSocket, fakeNetlink, netlinkMessage } from '../../support/fake-netlink.ts';

const EEXIST = 17;

const sa: Sa = {
  src: Uint8Array.of(192, 0, 2, 1),
  dst: Uint8Array.of(192, 0, 2, 2),
  spi: 0xc0000001,
  protocol: 50,
  mode: XfrmMode.TUNNEL,
  reqid: 7,
  replayWindow: 32,
  esn: false,
  flags: 0,
  aead: { name: 'rfc4106(gcm(aes))', key: new Uint8Array(20), icvBits: 128 },
};

const policy: Policy = {
  selector: {
    src: Uint8Array.of(10, 1, 0, 0),
    dst: Uint8Array.of(10, 2, 0, 0),
    srcPrefix: 16,
    dstPrefix: 16,
    srcPort: 0,
    srcPortMask: 0,
    dstPort: 0,
    dstPortMask: 0,
    protocol: 0,
    ifindex: 0,
    user: 0,
  },
  direction: 'out',
  action: 'allow',
  priority: 1000,
  flags: 0,
  templates: [
    {
      src: sa.src,
      dst: sa.dst,
      spi: 0,
      protocol: 50,
      mode: XfrmMode.TUNNEL,
      reqid: 7,
      optional: false,
    },
  ],
};

/** A kernel whose first answer is lost, and which has an object of `there` when it is asked again. */
function forgetful(there: (added: NetlinkMessage) => Uint8Array): XfrmClient {
  let added: NetlinkMessage | undefined;
  const kernel = (request: NetlinkMessage, socket: FakeSocket): void => {
    const { type, seq } = request;
    if (type === XfrmMsg.NEWSA || type === XfrmMsg.NEWPOLICY) {
      if (added !== undefined) socket.deliver([ack(seq, EEXIST)]);
      added ??= request;
      return;
    }
    if (added === undefined) throw new Error('nothing was added');
    socket.deliver([netlinkMessage(added.type, seq, there(added)), ack(seq)]);
  };
  return new XfrmClient({ open: fakeNetlink(kernel), timeoutMillis: 20 });
}

test('an SA whose addition the kernel did not confirm is there when it is added again', async () => {
  using client = forgetful(({ body }) => body);
  await expect(client.addSa(sa)).resolves.toBeUndefined();
});

test('an SA of somebody else in its place is a failure', async () => {
  using client = forgetful(({ body }) => {
    const other = body.slice();
    // `reqid`, behind the selector, id, addresses, lifetimes and counters of `struct xfrm_usersa_info`.
    other[208] = (other[208] ?? 0) ^ 1;
    return other;
  });
  await expect(client.addSa(sa)).rejects.toMatchObject({ code: 'EEXIST' });
});

test('the same holds for a policy', async () => {
  using client = forgetful(({ body }) => body);
  await expect(client.addPolicy(policy)).resolves.toBeUndefined();
});

test('what is removed twice is removed', async () => {
  for (const [errno, remove] of [
    [3, (client: XfrmClient) => client.deleteSa(sa)],
    [2, (client: XfrmClient) => client.deletePolicy(policy)],
  ] as const) {
    let asked = 0;
    using client = new XfrmClient({
      timeoutMillis: 20,
      open: fakeNetlink(({ seq }, socket) => {
        if (++asked > 1) socket.deliver([ack(seq, errno)]);
      }),
    });
    await expect(remove(client)).resolves.toBeUndefined();
    expect(asked).toBe(2);
  }
});

test('a kernel that never answers is ETIMEDOUT after two sendings', async () => {
  const unanswered: string[] = [];
  let asked = 0;
  using client = new XfrmClient({
    timeoutMillis: 20,
    unanswered: (operation) => unanswered.push(operation),
    open: fakeNetlink(() => {
      asked += 1;
    }),
  });
  await expect(client.updateSa(sa)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  expect(asked).toBe(2);
  expect(unanswered).toEqual(['update SA esp 0xc0000001 to 192.0.2.2']);
});
