import { expect, test } from 'vitest';
import { ipBytes } from '../../daemon/proto/ip-address.ts';
import { HEADER_OCTETS, parseAttributes, parseMessages } from '../../native/nlmsg.ts';
import { encodeAddress } from '../../native/rtnetlink-link.ts';
import { encodeRoute, encodeRule } from '../../native/rtnetlink-route.ts';
import type { Policy, Sa, Selector } from '../../native/types.ts';
import { UNLIMITED } from '../../native/xfrm-common.ts';
import { encodePolicy, encodePolicyId } from '../../native/xfrm-policy.ts';
import { encodeAllocSpi, encodeSa, encodeSaId } from '../../native/xfrm-sa.ts';
import { ip } from '../support/selectors.ts';
import vectors from './iproute2/requests.json' with { type: 'json' };

const bytes = (text: string): Uint8Array => ipBytes(ip(text));
const key = (octets: number): Uint8Array => new Uint8Array(octets).fill(0x5a);
const [left, right] = [bytes('192.0.2.1'), bytes('192.0.2.2')];
const [left6, right6] = [bytes('2001:db8::1'), bytes('2001:db8::2')];

function selector(src: string, dst: string, more: Partial<Selector> = {}): Selector {
  const [srcNet = '', srcPrefix = ''] = src.split('/');
  const [dstNet = '', dstPrefix = ''] = dst.split('/');
  return {
    src: bytes(srcNet),
    dst: bytes(dstNet),
    srcPrefix: Number(srcPrefix),
    dstPrefix: Number(dstPrefix),
    srcPort: 0,
    srcPortMask: 0,
    dstPort: 0,
    dstPortMask: 0,
    protocol: 0,
    ifindex: 0,
    user: 0,
    ...more,
  };
}

const sa: Sa = {
  src: left,
  dst: right,
  spi: 0,
  protocol: 50,
  mode: 1,
  reqid: 0,
  replayWindow: 0,
  esn: false,
  flags: 0,
};
const policy: Omit<Policy, 'selector'> = {
  direction: 'out',
  action: 'allow',
  priority: 0,
  flags: 0,
  templates: [],
};

/** What each recorded command asks for, in our terms. */
const requests: Readonly<Record<keyof typeof vectors, () => Uint8Array>> = {
  'sa-gcm-tunnel': () =>
    encodeSa('new', {
      ...sa,
      spi: 0xc0000001,
      reqid: 7,
      replayWindow: 32,
      aead: { name: 'rfc4106(gcm(aes))', key: key(20), icvBits: 128 },
      ifId: 0x2a,
      mark: { value: 0x10, mask: 0xff },
      setMark: { value: 0x99, mask: 0xffffffff },
    }),
  'sa-cbc-sha2-encap-esn': () =>
    encodeSa('new', {
      ...sa,
      spi: 0xffffffff,
      reqid: 1,
      replayWindow: 128,
      esn: true,
      crypt: { name: 'cbc(aes)', key: key(16) },
      auth: { name: 'hmac(sha256)', key: key(32), truncateBits: 128 },
      encap: { type: 2, srcPort: 4500, dstPort: 35000 },
    }),
  'sa-v6-transport-selector': () =>
    encodeSa('new', {
      ...sa,
      src: left6,
      dst: right6,
      spi: 0x1000,
      reqid: 3,
      mode: 0,
      flags: 2,
      extraFlags: 1,
      crypt: { name: 'cbc(aes)', key: key(32) },
      auth: { name: 'hmac(sha1)', key: key(20) },
      selector: selector('2001:db8::1/128', '2001:db8::2/128', {
        protocol: 6,
        srcPort: 80,
        srcPortMask: 0xffff,
        dstPort: 4242,
        dstPortMask: 0xffff,
      }),
      lifetime: {
        ...UNLIMITED,
        softAddSeconds: 100n,
        hardAddSeconds: 200n,
        softBytes: 18446744073709551614n,
        hardBytes: 5000000000n,
        softPackets: 10n,
        hardPackets: 20n,
      },
    }),
  'sa-update': () =>
    encodeSa('update', {
      ...sa,
      spi: 0x200,
      protocol: 51,
      mode: 0,
      auth: { name: 'hmac(sha512)', key: key(64), truncateBits: 256 },
    }),
  'sa-delete': () =>
    encodeSaId('delete', {
      src: bytes('0.0.0.0'),
      dst: right,
      spi: 0xc0000001,
      protocol: 50,
      mark: { value: 0x10, mask: 0xff },
    }),
  'sa-get': () =>
    encodeSaId('get', { src: bytes('::'), dst: right6, spi: 0x80000000, protocol: 50 }),
  'sa-allocspi': () =>
    encodeAllocSpi({
      src: left,
      dst: right,
      protocol: 50,
      mode: 1,
      reqid: 9,
      min: 0xc0000000,
      max: 0xcfffffff,
    }),
  'policy-out': () =>
    encodePolicy('new', {
      ...policy,
      selector: selector('10.1.0.0/16', '10.2.0.0/24', {
        protocol: 6,
        srcPort: 80,
        srcPortMask: 0xffff,
      }),
      priority: 366912,
      mark: { value: 5, mask: 0xffffffff },
      ifId: 9,
      templates: [
        { src: left, dst: right, spi: 0x1234, protocol: 50, mode: 1, reqid: 7, optional: false },
      ],
    }),
  'policy-update-block': () =>
    encodePolicy('update', {
      ...policy,
      direction: 'fwd',
      action: 'block',
      priority: 5,
      selector: selector('2001:db8:1::/48', '::/0'),
    }),
  'policy-two-templates': () => {
    const any = bytes('0.0.0.0');
    return encodePolicy('new', {
      ...policy,
      direction: 'in',
      priority: 1,
      selector: selector('10.1.0.0/16', '10.2.0.0/16'),
      templates: [
        { src: left, dst: right, spi: 0, protocol: 108, mode: 1, reqid: 7, optional: true },
        { src: any, dst: any, spi: 0, protocol: 50, mode: 0, reqid: 7, optional: false },
      ],
    });
  },
  'policy-delete': () =>
    encodePolicyId('delete', {
      direction: 'in',
      selector: selector('10.1.0.0/16', '10.2.0.0/16'),
    }),
  'route-add': () =>
    encodeRoute('new', {
      family: 4,
      dst: bytes('10.9.0.0'),
      prefix: 16,
      table: 220,
      type: 1,
      protocol: 4,
      scope: 0,
      gateway: bytes('192.0.2.9'),
      ifindex: 1,
      source: left,
    }),
  'rule-add': () => encodeRule('new', { family: 4, table: 220, priority: 220, action: 1 }),
  'address-add': () =>
    encodeAddress('new', {
      address: bytes('192.0.2.7'),
      prefix: 24,
      ifindex: 1,
      scope: 0,
      flags: 0,
    }),
};

/** Octets of the fixed part behind the header, by the first word of the name and what is done. */
function fixedPart(name: string): number {
  if (name === 'sa-delete' || name === 'sa-get') return 24;
  if (name === 'sa-allocspi') return 232;
  if (name === 'policy-delete') return 64;
  const sizes: Readonly<Record<string, number>> = { sa: 224, policy: 168, route: 12, rule: 12 };
  return sizes[name.split('-')[0] ?? ''] ?? 8;
}

/** Attributes that we state and iproute2 leaves to the fixed part, or states empty, with equal meaning. */
const redundant: Readonly<Record<string, readonly number[]>> = {
  // No mask is all of it.
  'sa-gcm-tunnel': [30],
  'route-add': [15],
  'rule-add': [15, 2],
};

test.each(Object.keys(requests) as (keyof typeof vectors)[])(
  '%s: the octets that iproute2 sends',
  (name) => {
    const theirs = Uint8Array.from(Buffer.from(vectors[name].hex, 'hex'));
    const [recorded] = parseMessages(theirs);
    const [built] = parseMessages(requests[name]());
    if (recorded === undefined || built === undefined) throw new Error('no message');
    const size = fixedPart(name);
    expect(built.type).toBe(recorded.type);
    // A query has its answer either way; iproute2 does not ask for the acknowledgement behind it.
    const ack = name === 'sa-get' || name === 'sa-allocspi' ? 4 : 0;
    expect(built.flags & ~ack).toBe(recorded.flags & ~ack);
    expect(hex(built.body.subarray(0, size))).toBe(hex(recorded.body.subarray(0, size)));
    // The order of attributes means nothing; everything else does.
    expect(attributesOf(built.body, size, name)).toEqual(attributesOf(recorded.body, size, name));
    expect(theirs.length).toBeGreaterThan(HEADER_OCTETS + size - 1);
  },
);

function attributesOf(body: Uint8Array, from: number, name: string): Record<string, string> {
  const found = [...parseAttributes(body, from)].filter(
    ([type]) => redundant[name]?.includes(type) !== true,
  );
  return Object.fromEntries(found.map(([type, value]) => [String(type), hex(value)]));
}

function hex(value: Uint8Array): string {
  return Buffer.from(value).toString('hex');
}
