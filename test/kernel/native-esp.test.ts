import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Sa, XfrmEvent } from '../../native/types.ts';
import { UdpSocket } from '../../native/udp-socket.ts';
import { XfrmClient } from '../../native/xfrm-client.ts';
import { UNLIMITED } from '../../native/xfrm-common.ts';
import { describeWith } from '../support/capability.ts';
import { espSa, octets, policyOf, selector, template, until } from '../support/native-values.ts';
import { NetNamespace } from '../support/net-namespace.ts';
import { PeerNamespace } from '../support/peer-namespace.ts';

const here = '192.0.2.1';
const there = '192.0.2.2';
const host = (address: string): string => `${address}/32`;
const gcmKey = `0x${'5a'.repeat(20)}`;

describeWith(['net-admin', 'esp'], 'ESP on the real kernel', () => {
  let namespace: NetNamespace;
  let client: XfrmClient;
  let events: XfrmEvent[];

  beforeEach(() => {
    namespace = new NetNamespace();
    client = new XfrmClient();
    events = [];
    client.watch((event) => events.push(event)).setRef(false);
  });
  afterEach(() => {
    client.close();
    namespace[Symbol.dispose]();
  });

  const rows: readonly (readonly [string, Sa])[] = [
    ['AES-GCM in a tunnel', espSa(here, there, 0xffffffff)],
    [
      'AES-CBC with SHA2, encapsulated, ESN with a window of 4096',
      espSa(here, there, 0x80000000, {
        aead: undefined as never,
        crypt: { name: 'cbc(aes)', key: new Uint8Array(32).fill(1) },
        auth: { name: 'hmac(sha256)', key: new Uint8Array(32).fill(2), truncateBits: 128 },
        encap: { type: 2, srcPort: 4500, dstPort: 65535 },
        esn: true,
        replayWindow: 4096,
      }),
    ],
    [
      'ChaCha20-Poly1305 over IPv6 in transport mode with a selector',
      espSa('2001:db8::1', '2001:db8::2', 0x1000, {
        mode: 0,
        aead: {
          name: 'rfc7539esp(chacha20,poly1305)',
          key: new Uint8Array(36).fill(3),
          icvBits: 128,
        },
        selector: selector('2001:db8::1/128', '2001:db8::2/128', { protocol: 17 }),
        replayWindow: 0,
      }),
    ],
    [
      'marks, interface id, padding, flags and limits up to 2^64 - 2',
      espSa(here, there, 0x2000, {
        mark: { value: 0x10, mask: 0xff },
        setMark: { value: 0x99, mask: 0xffff },
        ifId: 42,
        tfcPad: 1400,
        flags: 2 | 4 | 32,
        extraFlags: 1,
        lifetime: {
          softBytes: 0xffff_ffff_ffff_fffen,
          hardBytes: 0xffff_ffff_ffff_ffffn,
          softPackets: 1n << 53n,
          hardPackets: (1n << 63n) + 1n,
          softAddSeconds: 3000n,
          hardAddSeconds: 3600n,
          softUseSeconds: 10n,
          hardUseSeconds: 20n,
        },
      }),
    ],
    [
      'AH',
      espSa(here, there, 0x3000, {
        aead: undefined as never,
        protocol: 51,
        auth: { name: 'hmac(sha512)', key: new Uint8Array(64).fill(9), truncateBits: 256 },
      }),
    ],
  ];

  test.each(rows)('an SA is read as it was added: %s', async (_, sa) => {
    await client.addSa(sa);
    const read = await client.getSa(sa);
    expect(read).toMatchObject({ lifetime: UNLIMITED, ...defined(sa) });
    await expect(client.addSa(sa)).rejects.toMatchObject({ code: 'EEXIST' });
    await client.deleteSa(sa);
    expect(await client.listSas()).toEqual([]);
  });

  test('an inbound SA completes its reservation; an update of none is ESRCH', async () => {
    const spi = await client.allocateSpi({
      ...{ src: octets(there), dst: octets(here), protocol: 50, mode: 1, reqid: 7 },
      ...{ min: 0xc0000000, max: 0xcfffffff },
    });
    const sa = espSa(there, here, spi, {
      ifId: 5,
      encap: { type: 2, srcPort: 4500, dstPort: 4500 },
    });
    await client.updateSa(sa);
    expect(await client.listSas()).toMatchObject([{ spi, ifId: 5, aead: sa.aead }]);
    const other = espSa(there, here, 0x4242);
    await expect(client.updateSa(other)).rejects.toMatchObject({ code: 'ESRCH' });
  });

  test('rejects_an_unknown_algorithm with the words of the kernel', async () => {
    const bad = espSa(here, there, 1, {
      aead: { name: 'rfc0000(none)', key: new Uint8Array(20), icvBits: 128 },
    });
    await expect(client.addSa(bad)).rejects.toMatchObject({
      code: 'ENOSYS',
      syscall: 'XFRM_MSG_NEWSA',
      extAck: expect.stringMatching(/AEAD/),
    });
  });

  test('rejects_offload_to_a_device_that_cannot', async () => {
    namespace.ip('link add v0 type veth peer name v1');
    const offloaded = espSa(here, there, 0x5000, { offload: { ifindex: 2, flags: 4 } });
    await expect(client.addSa(offloaded)).rejects.toMatchObject({
      code: expect.stringMatching(/EINVAL|EOPNOTSUPP/),
    });
  });

  test('packets pass through a pair of SAs and are counted; limits raise soft and hard expires', async () => {
    await using peer = await PeerNamespace.linked([`${here}/24`], [`${there}/24`]);
    const lifetime = { ...UNLIMITED, softPackets: 2n, hardPackets: 4n };
    const out = espSa(here, there, 0x1001, { mode: 0, lifetime });
    const back = espSa(there, here, 0x1002, { mode: 0 });
    await client.addSa(out);
    await client.addSa(back);
    await client.addPolicy(hostPolicy('out', here, there));
    await client.addPolicy(hostPolicy('in', there, here));
    stateOn(peer, here, there, '0x1001', 'transport');
    stateOn(peer, there, here, '0x1002', 'transport');
    peerPolicies(peer);
    using echo = new UdpSocket({
      family: 4,
      port: 7,
      onBatch: (batch) => {
        for (let i = 0; i < batch.length; i++) {
          const [remote, remotePort] = [batch.remoteAddress(i), batch.remotePort(i)];
          echo.send({ data: batch.data(i), remote, remotePort });
        }
      },
      onError: () => undefined,
    });
    // The kernel looks at the limit before it counts: the third packet finds two.
    peer.sendUdp(here, 7, 3);
    await until(() => events.some((event) => event.kind === 'expire'), 'a soft expire');
    expect(await client.getSa(out)).toMatchObject({ current: { packets: 3n } });
    const counted = await client.getSa(back);
    expect(counted?.current.packets).toBe(3n);
    // UDP header and one octet each.
    expect(counted?.current.bytes).toBe(27n);
    expect(events).toContainEqual(
      expect.objectContaining({
        kind: 'expire',
        hard: false,
        sa: expect.objectContaining({ spi: 0x1001 }),
      }),
    );
    peer.sendUdp(here, 7, 5);
    await until(
      () => events.some((event) => event.kind === 'expire' && event.hard),
      'a hard expire',
    );
    expect(await client.getSa(out)).toBeUndefined();
  });

  test('a peer that changes its port behind a NAT raises a mapping', async () => {
    await using peer = await PeerNamespace.linked([`${here}/24`], [`${there}/24`]);
    const encap = { type: 2, srcPort: 4500, dstPort: 4500 };
    await client.addSa(espSa(there, here, 0x1002, { mode: 0, encap }));
    await client.addPolicy(hostPolicy('in', there, here));
    using _natt = new UdpSocket({
      family: 4,
      port: 4500,
      espInUdp: true,
      bypass: true,
      onBatch: () => undefined,
      onError: () => undefined,
    });
    stateOn(peer, there, here, '0x1002', 'transport', 'encap espinudp 5555 4500 0.0.0.0');
    peerPolicies(peer);
    peer.sendUdp(here, 7, 1);
    await until(() => events.some((event) => event.kind === 'mapping'), 'a mapping');
    expect(events.find((event) => event.kind === 'mapping')).toMatchObject({
      sa: { spi: 0x1002, dst: octets(here), protocol: 50 },
      reqid: 7,
      oldSrc: octets(there),
      oldPort: 4500,
      newSrc: octets(there),
      newPort: 5555,
    });
  });

  test('a policy and its SA are migrated to new addresses, and the kernel tells', async () => {
    const between = selector('10.1.0.0/16', '10.2.0.0/16');
    await client.addSa(espSa(here, there, 0x1001));
    await client.addPolicy(policyOf('out', between, template(here, there, 7)));
    await client.migrate({
      policy: { selector: between, direction: 'out' },
      steps: [
        {
          oldSrc: octets(here),
          oldDst: octets(there),
          newSrc: octets('198.51.100.1'),
          newDst: octets('198.51.100.2'),
          protocol: 50,
          mode: 1,
          reqid: 7,
        },
      ],
    });
    const [moved] = await client.listSas();
    expect(moved).toMatchObject({ spi: 0x1001, src: octets('198.51.100.1') });
    const [policy] = await client.listPolicies();
    expect(policy?.templates).toMatchObject([{ dst: octets('198.51.100.2'), reqid: 7 }]);
    await until(() => events.some((event) => event.kind === 'migrate'), 'a migrate event');
    expect(events.find((event) => event.kind === 'migrate')).toMatchObject({
      migrate: { steps: [{ oldSrc: octets(here), newSrc: octets('198.51.100.1'), reqid: 7 }] },
    });
  });
});

function hostPolicy(
  direction: 'in' | 'out',
  src: string,
  dst: string,
): ReturnType<typeof policyOf> {
  const one = { ...template(src, dst, 7), mode: 0 };
  return policyOf(direction, selector(host(src), host(dst), { protocol: 17 }), one);
}

function stateOn(
  peer: PeerNamespace,
  src: string,
  dst: string,
  spi: string,
  mode: string,
  more?: string,
): void {
  const sa = `xfrm state add src ${src} dst ${dst} proto esp spi ${spi} reqid 7 mode ${mode} replay-window 32`;
  peer.ip(`${sa} aead rfc4106(gcm(aes)) ${gcmKey} 128${more === undefined ? '' : ` ${more}`}`);
}

function peerPolicies(peer: PeerNamespace): void {
  const policy = (dir: string, src: string, dst: string): string =>
    `xfrm policy add dir ${dir} src ${src}/32 dst ${dst}/32 proto udp tmpl src ${src} dst ${dst} proto esp reqid 7 mode transport`;
  peer.ip(policy('out', there, here));
  peer.ip(policy('in', here, there));
}

/** Without the keys that hold `undefined`. */
function defined(sa: Sa): Partial<Sa> {
  return Object.fromEntries(Object.entries(sa).filter(([, value]) => value !== undefined));
}
