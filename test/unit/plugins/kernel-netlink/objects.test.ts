import { expect, test } from 'vitest';
import type { KernelSa } from '../../../../daemon/contracts/kernel.ts';
import type { ChildSpi } from '../../../../daemon/proto/child-spi.ts';
import { type Sa, UNLIMITED, XFRM_INF } from '../../../../native/index.ts';
import { UnknownAlgorithm } from '../../../../plugins/kernel-netlink/algorithms.ts';
import { selectorFor, selectorsOf } from '../../../../plugins/kernel-netlink/convert.ts';
import { kernelEvent } from '../../../../plugins/kernel-netlink/events.ts';
import {
  fromPolicy,
  fromSa,
  toSa as toKernelSa,
  toPolicy,
  toUsage,
} from '../../../../plugins/kernel-netlink/objects.ts';
import { bestRoute } from '../../../../plugins/kernel-netlink/route-choice.ts';
import { octets, selector } from '../../../support/native-values.ts';
import { ip, ts } from '../../../support/selectors.ts';

// As for a kernel that knows of no directions.
const toSa = (sa: KernelSa): Sa => toKernelSa(sa, false);

const key = new Uint8Array(20).fill(1);
const sa: KernelSa = {
  source: ip('192.0.2.1'),
  destination: ip('192.0.2.2'),
  spi: 0xc0000001 as ChildSpi,
  protocol: 50,
  direction: 'out',
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
  encryption: { id: 20, keyBits: 128, key },
  esn: false,
  replayWindow: 0,
  copyDf: true,
  copyEcn: true,
  copyDscp: 'out',
};

test('an AES-GCM tunnel SA in the terms of the kernel', () => {
  expect(toSa(sa)).toEqual({
    src: octets('192.0.2.1'),
    dst: octets('192.0.2.2'),
    spi: 0xc0000001,
    protocol: 50,
    mode: 1,
    reqid: 7,
    lifetime: UNLIMITED,
    replayWindow: 0,
    esn: false,
    // AF_UNSPEC: either family may pass through the tunnel.
    flags: 32,
    aead: { name: 'rfc4106(gcm(aes))', key, icvBits: 128 },
  });
});

test.each([
  [18, 'rfc4106(gcm(aes))', 64],
  [19, 'rfc4106(gcm(aes))', 96],
  [14, 'rfc4309(ccm(aes))', 64],
  [28, 'rfc7539esp(chacha20,poly1305)', 128],
])('AEAD transform %d is %s with %d bits of ICV', (id, name, icvBits) => {
  expect(toSa({ ...sa, encryption: { id, key } })).toMatchObject({ aead: { name, icvBits } });
});

test.each([
  [12, false, 'hmac(sha256)', 128],
  [12, true, 'hmac(sha256)', 96],
  [2, true, 'hmac(sha1)', 96],
  [14, false, 'hmac(sha512)', 256],
  [1026, false, 'hmac(sha256)', 96],
])(
  'integrity transform %d (sha256Trunc96 %s) is %s cut to %d bits',
  (id, sha256Trunc96, name, bits) => {
    const cbc = toSa({
      ...sa,
      encryption: { id: 12, keyBits: 128, key },
      integrity: { id, key },
      sha256Trunc96,
    });
    expect(cbc.crypt).toEqual({ name: 'cbc(aes)', key });
    expect(cbc.auth).toEqual({ name, key, truncateBits: bits });
    expect(cbc).not.toHaveProperty('aead');
  },
);

test('rejects_transforms_that_the_kernel_has_no_name_for', () => {
  expect(() => toSa({ ...sa, encryption: { id: 4711, key } })).toThrow(UnknownAlgorithm);
  expect(() => toSa({ ...sa, integrity: { id: 4711, key } })).toThrow(UnknownAlgorithm);
});

test('limits: zero is none, seconds are rounded up', () => {
  const lifetime = {
    softSeconds: 0.2,
    hardSeconds: 3600,
    softBytes: 0n,
    hardBytes: 0xffff_ffff_ffff_fffen,
    softPackets: 1n,
    hardPackets: 0n,
  };
  expect(toSa({ ...sa, lifetime }).lifetime).toEqual({
    ...UNLIMITED,
    softAddSeconds: 1n,
    hardAddSeconds: 3600n,
    softBytes: XFRM_INF,
    hardBytes: 0xffff_ffff_ffff_fffen,
    softPackets: 1n,
  });
});

test.each([
  ['out', 'out', 0, undefined],
  ['out', 'in', 0, 1],
  ['out', 'yes', 0, undefined],
  ['out', 'no', 0, 1],
  ['in', 'out', 0, undefined],
  ['in', 'in', 2, undefined],
  ['in', 'yes', 2, undefined],
  ['in', 'no', 0, undefined],
] as const)(
  'an SA %s with copyDscp %s has flags %d and extra flags %s',
  (direction, copyDscp, flags, extraFlags) => {
    const made = toSa({ ...sa, direction, copyDscp, mode: 'transport' });
    expect(made.flags).toBe(flags);
    expect(made.extraFlags).toBe(extraFlags);
  },
);

test('settings belong to one direction, which the kernel insists on when told of it', () => {
  const both = { ...sa, mode: 'transport', copyDf: false, icmp: true, tfcPadding: 100 } as const;
  const counted = { ...both, esn: true, replayWindow: 64 };
  const out = toKernelSa({ ...counted, direction: 'out' }, true);
  expect(out).toMatchObject({ direction: 'out', replayWindow: 0, flags: 4, tfcPad: 100 });
  const into = toKernelSa({ ...counted, direction: 'in' }, true);
  expect(into).toMatchObject({ direction: 'in', replayWindow: 64, flags: 16 });
  expect(into).not.toHaveProperty('tfcPad');
  // Older kernels refuse ESN without a window, even where it means nothing.
  expect(toKernelSa({ ...counted, direction: 'out' }, false)).toMatchObject({ replayWindow: 1 });
});

test('AH over IPv4 is aligned to 32 bits, RFC 4302; over IPv6 to 64', () => {
  const ah = { ...sa, protocol: 51, mode: 'transport', integrity: { id: 12, key } } as const;
  expect(toSa(ah).flags).toBe(64);
  expect(toSa({ ...ah, source: ip('2001:db8::1'), destination: ip('2001:db8::2') }).flags).toBe(0);
});

test('each direction of IP-TFS has its own settings', () => {
  const iptfs = {
    dropTimeMicros: 1,
    reorderWindow: 2,
    dontFragment: true,
    initDelayMicros: 3,
    maxQueueOctets: 4,
    packetOctets: 5,
  };
  const { dropTimeMicros, reorderWindow, ...outbound } = iptfs;
  expect(toSa({ ...sa, mode: 'iptfs', iptfs, direction: 'in' })).toMatchObject({
    mode: 5,
    iptfs: { dropTimeMicros, reorderWindow },
  });
  expect(toSa({ ...sa, mode: 'iptfs', iptfs, cpu: 3 })).toMatchObject({ iptfs: outbound, cpu: 3 });
});

test('marks, ids, encapsulation, selector and the other flags', () => {
  const made = toSa({
    ...sa,
    mode: 'transport',
    mark: { value: 1, mask: 2 },
    setMark: { value: 3, mask: 4 },
    ifId: 5,
    encap: { sourcePort: 4500, destinationPort: 1024 },
    tfcPadding: 1400,
    copyDf: false,
    copyEcn: false,
    selector: { source: ts('192.0.2.1', 17, 500), destination: ts('192.0.2.2', 17) },
  });
  expect(made).toMatchObject({
    mode: 0,
    mark: { value: 1, mask: 2 },
    setMark: { value: 3, mask: 4 },
    ifId: 5,
    encap: { type: 2, srcPort: 4500, dstPort: 1024 },
    tfcPad: 1400,
    flags: 1 | 4,
    selector: selector('192.0.2.1/32', '192.0.2.2/32', {
      protocol: 17,
      srcPort: 500,
      srcPortMask: 0xffff,
    }),
  });
});

test('what may come from any port is told of once, not with each packet', () => {
  const encap = { sourcePort: 0, destinationPort: 4500 };
  expect(toSa({ ...sa, direction: 'in', encap }).mappingPauseSeconds).toBe(0xffff_ffff);
  for (const other of [
    toSa({ ...sa, direction: 'out', encap }),
    toSa({ ...sa, direction: 'in', encap: { ...encap, sourcePort: 4500 } }),
    toSa({ ...sa, direction: 'in' }),
  ]) {
    expect(other).not.toHaveProperty('mappingPauseSeconds');
  }
});

test('a port block is one port under a mask, and comes back as the block', () => {
  const made = selectorFor(ts('10.1.0.0/16', 6, 4096, 8191), ts('10.2.0.0/16', 6));
  expect(made).toMatchObject({ srcPort: 4096, srcPortMask: 0xf000, dstPort: 0, dstPortMask: 0 });
  expect(selectorsOf(made)).toEqual({
    source: ts('10.1.0.0/16', 6, 4096, 8191),
    destination: ts('10.2.0.0/16', 6),
  });
});

test('OPAQUE ports match any, RFC 7296 section 3.13.1', () => {
  const opaque = { ...ts('10.1.0.0/16', 17), startPort: 65535, endPort: 0 };
  expect(selectorFor(opaque, ts('10.2.0.0/16', 17))).toMatchObject({ srcPort: 0, srcPortMask: 0 });
});

test('ICMP type and code are ports of their own to the kernel', () => {
  const echo = selectorFor(ts('10.1.0.0/16', 1, 0x0800, 0x08ff), ts('10.2.0.0/16', 1));
  expect(echo).toMatchObject({ srcPort: 8, srcPortMask: 0xffff, dstPort: 0, dstPortMask: 0 });
  expect(selectorsOf(echo).source).toEqual(ts('10.1.0.0/16', 1, 0x0800, 0x08ff));
  const exact = selectorFor(ts('2001:db8::/32', 58), ts('::/0', 58, 0x8003, 0x8003));
  expect(exact).toMatchObject({ srcPort: 128, dstPort: 3, dstPortMask: 0xffff });
});

test('policies of sockets and of strange protocols are not listed', () => {
  const policy = toPolicy({
    direction: 'in',
    source: ts('10.1.0.0/16'),
    destination: ts('10.2.0.0/16'),
    action: 'allow',
    priority: 1,
    templates: [],
  });
  const use = { bytes: 0n, packets: 0n, addTime: 0n, useTime: 0n };
  const info = { ...policy, index: 8, lifetime: UNLIMITED, current: use };
  const noName = (): undefined => undefined;
  expect(fromPolicy(info, noName)).toMatchObject({ direction: 'in', templates: [] });
  expect(fromPolicy({ ...info, socket: true }, noName)).toBeUndefined();
  const odd = { ...octetsTemplate(), protocol: 43 };
  expect(fromPolicy({ ...info, templates: [odd] }, noName)).toBeUndefined();
});

test('larval SAs without SPI are not listed; use is counted', () => {
  const info = {
    ...toSa(sa),
    lifetime: UNLIMITED,
    current: { bytes: 5n, packets: 1n, addTime: 9n, useTime: 10n },
    stats: { replayWindow: 0, replay: 0, integrityFailed: 0 },
  };
  expect(fromSa(info)).toEqual({
    source: sa.source,
    destination: sa.destination,
    spi: sa.spi,
    protocol: 50,
    reqid: 7,
  });
  expect(fromSa({ ...info, spi: 0 })).toBeUndefined();
  expect(toUsage(info)).toEqual({ bytes: 5n, packets: 1n, lastUsed: 10 });
  expect(toUsage({ ...info, lastUsed: 77n })).toMatchObject({ lastUsed: 77 });
  expect(toUsage({ ...info, current: { ...info.current, useTime: 0n } })).not.toHaveProperty(
    'lastUsed',
  );
});

test('events in the terms of the contract', () => {
  const id = { dst: octets('192.0.2.2'), spi: 5, protocol: 50 };
  const told = { destination: '192.0.2.2', spi: 5, protocol: 50 };
  const mapping = {
    kind: 'mapping',
    sa: id,
    reqid: 7,
    oldSrc: octets('192.0.2.9'),
    oldPort: 1,
    newSrc: octets('192.0.2.10'),
    newPort: 2,
  } as const;
  expect(kernelEvent(mapping)).toEqual({
    kind: 'mapping',
    id: told,
    address: '192.0.2.10',
    port: 2,
  });
  expect(kernelEvent({ ...mapping, sa: { ...id, protocol: 43 } })).toBeUndefined();
  expect(kernelEvent({ kind: 'overrun' })).toEqual({ kind: 'overrun' });
  expect(kernelEvent({ kind: 'malformed', reason: '' })).toEqual({ kind: 'overrun' });
  expect(kernelEvent({ kind: 'other', type: 1, body: key })).toBeUndefined();
});

test('the best route leaves our own tables out of account', () => {
  const route = { family: 4, type: 1, protocol: 4, scope: 0, ifindex: 1 } as const;
  const list = [
    { ...route, prefix: 0, table: 254, metric: 100 },
    { ...route, prefix: 0, table: 254, metric: 50 },
    { ...route, dst: octets('10.0.0.0'), prefix: 9, table: 254 },
    { ...route, dst: octets('10.1.2.0'), prefix: 24, table: 220 },
    { ...route, dst: octets('10.1.2.0'), prefix: 24, table: 254, type: 9 },
  ];
  const own = new Set([220]);
  expect(bestRoute(list, octets('10.1.2.3'), own)).toBe(list[2]);
  expect(bestRoute(list, octets('10.128.2.3'), own)).toBe(list[1]);
  expect(bestRoute([], octets('10.1.2.3'), own)).toBeUndefined();
});

function octetsTemplate(): Parameters<typeof fromPolicy>[0]['templates'][number] {
  const address = octets('192.0.2.1');
  const names = { src: address, dst: address, spi: 0, protocol: 50, mode: 1, reqid: 1 };
  return { ...names, optional: false };
}
