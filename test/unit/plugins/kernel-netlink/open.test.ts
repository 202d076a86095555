import { expect, test } from 'vitest';
import type { KernelEvent } from '../../../../daemon/contracts/kernel.ts';
import type { ChildSpi } from '../../../../daemon/proto/child-spi.ts';
import { XfrmMsg } from '../../../../native/xfrm-constants.ts';
import { decodeSa } from '../../../../native/xfrm-sa.ts';
import { type NetlinkKernel, openNetlinkKernel } from '../../../../plugins/kernel-netlink/open.ts';
import {
  ack,
  done,
  type FakeSocket,
  fakeNetlink,
  netlinkMessage,
} from '../../../support/fake-netlink.ts';
import { MemoryLog } from '../../../support/memory-log.ts';
import { ip } from '../../../support/selectors.ts';

type Kernel = Parameters<typeof fakeNetlink>[0];

/** A kernel of functions: `xfrm` answers, rtnetlink acknowledges everything. */
function open(
  xfrm: Kernel,
  sockets: FakeSocket[] = [],
  log = new MemoryLog(),
): Promise<NetlinkKernel> {
  return openNetlinkKernel(log, {
    acquireLifetime: 0,
    xfrm: fakeNetlink(xfrm, sockets),
    route: fakeNetlink(({ seq }, socket) => socket.deliver([done(seq), ack(seq)])),
  });
}

const local = ip('192.0.2.1');
const remote = ip('192.0.2.2');
const id = { source: remote, destination: local, spi: 5 as ChildSpi, protocol: 50 } as const;
const sa = {
  ...id,
  direction: 'in',
  reqid: 7,
  mode: 'tunnel',
  lifetime: {
    softSeconds: 0,
    hardSeconds: 0,
    softBytes: 0n,
    hardBytes: 0n,
    softPackets: 0n,
    hardPackets: 0n,
  },
  encryption: { id: 20, keyBits: 128, key: new Uint8Array(20) },
  esn: false,
  replayWindow: 32,
  copyDf: true,
  copyEcn: true,
  copyDscp: 'out',
} as const;

test('what the kernel refuses at the probe is not supported', async () => {
  const { ipsec } = await open(({ seq, type, body }, socket) => {
    const refused = type === XfrmMsg.NEWSA && decodeSa(body).aead !== undefined;
    socket.deliver([ack(seq, refused ? 38 : 0)]);
  });
  expect(ipsec.supports(50, 20, 128, undefined)).toBe(false);
  expect(ipsec.supports(50, 12, 128, 12)).toBe(true);
});

test('a kernel without ESP supports nothing and opens all the same', async () => {
  const { ipsec } = await open(({ seq }, socket) => socket.deliver([ack(seq, 93)]));
  expect(ipsec.supports(50, 20, 128, undefined)).toBe(false);
  expect(ipsec.supports(51, undefined, undefined, 12)).toBe(false);
});

test('EPERM at the probe refuses to open, says what to do and closes the sockets', async () => {
  const sockets: FakeSocket[] = [];
  const opening = open(({ seq }, socket) => socket.deliver([ack(seq, 1)]), sockets);
  await expect(opening).rejects.toMatchObject({
    code: 'KERNEL',
    errnoName: 'EPERM',
    message: expect.stringContaining('CAP_NET_ADMIN'),
  });
  expect(sockets.every(({ closed }) => closed)).toBe(true);
});

test('an inbound SA is an update, and an addition where the reservation expired', async () => {
  const types: number[] = [];
  const { ipsec } = await open(({ seq, type, body }, socket) => {
    if (decodesTo5(type, body)) types.push(type);
    socket.deliver([ack(seq, type === XfrmMsg.UPDSA ? 3 : 0)]);
  });
  await ipsec.addSa(sa);
  expect(types).toEqual([XfrmMsg.UPDSA, XfrmMsg.NEWSA]);
  types.length = 0;
  await ipsec.addSa({ ...sa, direction: 'out' });
  expect(types).toEqual([XfrmMsg.NEWSA]);
});

test('a refusal is a KernelError with operation, errno and the words of the kernel', async () => {
  const { ipsec } = await open(({ seq, type, body }, socket) => {
    const refused = decodesTo5(type, body);
    socket.deliver([refused ? ack(seq, 22, 'Invalid key length') : ack(seq)]);
  });
  await expect(ipsec.addSa(sa)).rejects.toMatchObject({
    code: 'KERNEL',
    operation: 'update SA esp 0x00000005 to 192.0.2.1',
    errno: 22,
    errnoName: 'EINVAL',
    message: expect.stringContaining('Invalid key length'),
  });
  await expect(
    ipsec.addSa({ ...sa, encryption: { ...sa.encryption, id: 4711 } }),
  ).rejects.toMatchObject({ code: 'KERNEL', errnoName: 'ENOSYS' });
});

test('deleting what is gone is no error, another refusal is', async () => {
  let errno = 3;
  const { ipsec } = await open(({ seq, type }, socket) =>
    socket.deliver([ack(seq, type === XfrmMsg.DELSA ? errno : 0)]),
  );
  await ipsec.deleteSa(id);
  errno = 16;
  await expect(ipsec.deleteSa(id)).rejects.toMatchObject({ errnoName: 'EBUSY' });
});

test('lost and unreadable events are overruns', async () => {
  const sockets: FakeSocket[] = [];
  const log = new MemoryLog();
  const { ipsec, net } = await open(({ seq }, socket) => socket.deliver([ack(seq)]), sockets, log);
  const events: KernelEvent[] = [];
  ipsec.onEvent((event) => events.push(event));
  sockets.at(-1)?.deliver([netlinkMessage(XfrmMsg.EXPIRE, 0, new Uint8Array(7))], 105);
  await new Promise((resolve) => setImmediate(resolve));
  expect(events).toEqual([{ kind: 'overrun' }, { kind: 'overrun' }]);
  expect(log.lines).toHaveLength(1);
  await ipsec[Symbol.asyncDispose]();
  await net[Symbol.asyncDispose]();
  expect(sockets.every(({ closed }) => closed)).toBe(true);
});

/** Whether it is about the SA of these tests and not one of the probe. */
function decodesTo5(type: number, body: Uint8Array): boolean {
  return (type === XfrmMsg.NEWSA || type === XfrmMsg.UPDSA) && decodeSa(body).spi === 5;
}
