import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { XfrmEvent } from '../../native/types.ts';
import { UdpSocket } from '../../native/udp-socket.ts';
import { XfrmClient } from '../../native/xfrm-client.ts';
import { UNLIMITED } from '../../native/xfrm-common.ts';
import { XfrmGroup } from '../../native/xfrm-constants.ts';
import { describeWith } from '../support/capability.ts';
import { octets, policyOf, selector, template, until } from '../support/native-values.ts';
import { NetNamespace } from '../support/net-namespace.ts';

const between = selector('10.1.0.0/16', '10.2.0.0/16');
const larval = {
  src: octets('192.0.2.2'),
  dst: octets('192.0.2.1'),
  protocol: 50,
  mode: 1,
  reqid: 7,
  min: 0xc0000000,
  max: 0xcfffffff,
};

describeWith(['net-admin', 'xfrm'], 'XFRM netlink on the real kernel', () => {
  let namespace: NetNamespace;
  let client: XfrmClient;

  beforeEach(() => {
    namespace = new NetNamespace();
    client = new XfrmClient();
  });
  afterEach(() => {
    client.close();
    namespace[Symbol.dispose]();
  });

  test('a policy is added, read, replaced, listed and deleted', async () => {
    const policy = {
      ...policyOf('out', between, template('192.0.2.1', '192.0.2.2', 7)),
      mark: { value: 5, mask: 0xff },
      ifId: 9,
    };
    await client.addPolicy(policy);
    expect(await client.getPolicy(policy)).toMatchObject(policy);
    expect(namespace.ip('xfrm policy')).toMatch(/reqid 7 mode tunnel/);
    await client.updatePolicy({ ...policy, priority: 4242, action: 'block' });
    expect(await client.listPolicies()).toMatchObject([{ priority: 4242, action: 'block' }]);
    await client.deletePolicy(policy);
    expect(await client.getPolicy(policy)).toBeUndefined();
    expect(await client.listPolicies()).toEqual([]);
  });

  test('rejects_a_policy_that_exists with EEXIST and the deletion of none with ENOENT', async () => {
    const policy = policyOf('in', between);
    await client.addPolicy(policy);
    await expect(client.addPolicy(policy)).rejects.toMatchObject({
      code: 'EEXIST',
      errno: 17,
      syscall: 'XFRM_MSG_NEWPOLICY',
      operation: 'add policy 10.1.0.0/16 === 10.2.0.0/16 in',
    });
    await client.flushPolicies();
    await client.flushPolicies();
    await expect(client.deletePolicy(policy)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('policies of IPv6, of every direction, with ports', async () => {
    const ports = { protocol: 17, srcPort: 500, srcPortMask: 0xffff, dstPort: 0x1000 };
    const six = selector('2001:db8:1::/48', '::/0', { ...ports, dstPortMask: 0xf000 });
    for (const direction of ['in', 'out', 'fwd'] as const) {
      await client.addPolicy(policyOf(direction, six));
    }
    const listed = await client.listPolicies();
    expect(listed.map(({ direction }) => direction).sort()).toEqual(['fwd', 'in', 'out']);
    for (const one of listed) expect(one.selector).toEqual(six);
  });

  test('an SPI is reserved in the range, listed as larval SA, and given back', async () => {
    const spi = await client.allocateSpi(larval);
    expect(spi).toBeGreaterThanOrEqual(0xc0000000);
    expect(spi).toBeLessThanOrEqual(0xcfffffff);
    const sas = await client.listSas();
    expect(sas).toMatchObject([{ ...{ spi, protocol: 50, reqid: 7 }, dst: larval.dst }]);
    await client.deleteSa({ ...larval, spi });
    expect(await client.listSas()).toEqual([]);
    expect(await client.getSa({ ...larval, spi })).toBeUndefined();
    await expect(client.deleteSa({ ...larval, spi })).rejects.toMatchObject({ code: 'ESRCH' });
  });

  test('two hundred reservations at once all get different SPIs', async () => {
    const asked = Array.from({ length: 200 }, () => client.allocateSpi(larval));
    expect(new Set(await Promise.all(asked)).size).toBe(200);
    expect(await client.listSas()).toHaveLength(200);
    await client.flushSas();
    await client.flushSas();
  });

  test('an empty range of SPIs is refused', async () => {
    await expect(client.allocateSpi({ ...larval, min: 5, max: 4 })).rejects.toMatchObject({
      code: 'EINVAL',
      syscall: 'XFRM_MSG_ALLOCSPI',
    });
  });

  test('a packet that needs an SA raises an acquire with its selector and reqid', async () => {
    uplink(namespace);
    const events: XfrmEvent[] = [];
    using _watcher = client.watch((event) => events.push(event));
    await client.addPolicy(policyOf('out', between, template('192.0.2.1', '192.0.2.2', 77)));
    using socket = udp();
    const packet = { data: Uint8Array.of(1), remote: octets('10.2.0.5'), remotePort: 4711 };
    socket.send({ ...packet, local: octets('10.1.0.1') });
    await until(() => events.length > 0, 'an acquire');
    expect(events[0]).toMatchObject({
      kind: 'acquire',
      src: octets('192.0.2.1'),
      dst: octets('192.0.2.2'),
      protocol: 50,
      selector: {
        src: octets('10.1.0.1'),
        dst: octets('10.2.0.5'),
        srcPrefix: 32,
        dstPrefix: 32,
        protocol: 17,
        srcPort: socket.port,
        dstPort: 4711,
      },
      policy: { direction: 'out', templates: [{ reqid: 77 }] },
    });
  });

  test('a socket with bypass passes by a policy that stops the others', async () => {
    uplink(namespace);
    await client.addPolicy({ ...policyOf('out', between), action: 'block' });
    const refused: string[] = [];
    using plain = udp({ onError: (error) => refused.push(error.code) });
    using exempt = udp({ bypass: true, onError: (error) => refused.push(`exempt ${error.code}`) });
    const sent = (): number => sentPackets(namespace);
    const before = sent();
    const packet = { data: Uint8Array.of(1), remote: octets('10.2.0.5'), remotePort: 4711 };
    plain.send({ ...packet, local: octets('10.1.0.1') });
    exempt.send({ ...packet, local: octets('10.1.0.1') });
    await until(() => refused.length > 0 && sent() > before, 'one refused, one sent');
    expect(refused).toEqual(['EPERM']);
    const listed = await client.listPolicies();
    expect(
      listed
        .filter(({ socket }) => socket === true)
        .map((one) => one.direction)
        .sort(),
    ).toEqual(['in', 'out']);
  });

  test('what a full socket does not take waits until it does; beyond the queue it is refused', async () => {
    uplink(namespace);
    // Packets to a neighbour that does not answer stay charged to the socket.
    namespace.ip('neighbour delete 10.1.0.254 dev v0');
    const refused: string[] = [];
    using socket = udp({ sendBuffer: 1, onError: (error) => refused.push(error.code) });
    const packet = { data: new Uint8Array(1000), remote: octets('10.2.0.5'), remotePort: 4711 };
    const before = sentPackets(namespace);
    for (let i = 0; i < 300; i++) socket.send({ ...packet, local: octets('10.1.0.1') });
    await until(() => refused.length > 0, 'refusals');
    expect(new Set(refused)).toEqual(new Set(['ENOBUFS']));
    namespace.ip('neighbour replace 10.1.0.254 lladdr 02:00:00:00:00:01 dev v0 nud permanent');
    const accepted = 300 - refused.length;
    expect(accepted).toBeGreaterThan(200);
    await until(() => sentPackets(namespace) - before >= accepted, 'all that was accepted');
  });

  test('IPv6 sockets take a bypass policy too', () => {
    const socket = udp({ family: 6, bypass: true });
    expect(socket.port).toBeGreaterThan(0);
    socket.close();
  });

  test('ESP in UDP is kept from the socket, IKE behind its marker is not', async () => {
    const lengths: number[] = [];
    using receiver = udp({
      espInUdp: true,
      onBatch: (batch) => {
        for (let i = 0; i < batch.length; i++) lengths.push(batch.data(i).length);
      },
    });
    using sender = udp();
    const to = { remote: octets('127.0.0.1'), remotePort: receiver.port };
    sender.send({ data: new Uint8Array(50).fill(0x11), ...to });
    sender.send({ data: Uint8Array.of(0xff), ...to });
    sender.send({ data: Uint8Array.of(0, 0, 0, 0, 1, 2, 3), ...to });
    await until(() => lengths.length > 0, 'the datagram with the marker');
    expect(lengths).toEqual([7]);
  });

  test('a reservation that nobody completes expires, and the kernel tells', async () => {
    writeFileSync('/proc/sys/net/core/xfrm_acq_expires', '1');
    const events: XfrmEvent[] = [];
    using _watcher = client.watch((event) => events.push(event));
    const spi = await client.allocateSpi(larval);
    await until(() => events.length > 0, 'an expire');
    expect(events[0]).toMatchObject({ kind: 'expire', hard: true, sa: { spi, dst: larval.dst } });
  });

  test('a policy with a time limit expires, and the kernel tells', async () => {
    const events: XfrmEvent[] = [];
    using _watcher = client.watch((event) => events.push(event));
    const lifetime = { ...UNLIMITED, hardAddSeconds: 1n };
    await client.addPolicy({ ...policyOf('out', between), lifetime });
    await until(() => events.length > 0, 'a policy expire');
    expect(events[0]).toMatchObject({
      kind: 'policy-expire',
      hard: true,
      policy: { direction: 'out', selector: between },
    });
  });

  test('ENOBUFS is told as overrun, and events go on', async () => {
    // A receive buffer of a few KiB, and a flood while this thread cannot read.
    using small = new XfrmClient({ receiveBuffer: 1 });
    const events: XfrmEvent[] = [];
    using _watcher = small.watch((event) => events.push(event), [XfrmGroup.POLICY]);
    const flood = Array.from(
      { length: 10_000 },
      (_, i) => `xfrm policy add dir out src 10.${i >> 8}.${i & 255}.0/24 dst 10.9.0.0/16`,
    );
    execFileSync('ip', ['-batch', '-'], { input: flood.join('\n') });
    await until(() => events.some(({ kind }) => kind === 'overrun'), 'an overrun');
    const before = events.length;
    await client.addPolicy(policyOf('in', between));
    await until(() => events.length > before, 'an event after the overrun');
    expect(events.at(-1)?.kind).toBe('other');
    expect(await client.listPolicies()).toHaveLength(10_001);
  });

  test('a client that is closed while requests are outstanding rejects them', async () => {
    const outstanding = [client.listPolicies(), client.allocateSpi(larval)];
    client.close();
    for (const one of outstanding) await expect(one).rejects.toMatchObject({ code: 'ECANCELED' });
  });
});

describeWith('xfrm', 'XFRM netlink without CAP_NET_ADMIN', () => {
  test('every request is refused with EPERM that names what was attempted', () => {
    const index = new URL('../../native/index.ts', import.meta.url).pathname;
    const program = `
      import { UdpSocket, XfrmClient } from ${JSON.stringify(index)};
      const client = new XfrmClient();
      const ip = Uint8Array.of(192, 0, 2, 1);
      const told = (error) => console.log(error.code, error.syscall, error.operation);
      await client.listPolicies().catch(told);
      await client.allocateSpi({ src: ip, dst: ip, protocol: 50, mode: 1, reqid: 1, min: 256, max: 512 }).catch(told);
      client.close();
      try { new UdpSocket({ family: 4, port: 0, bypass: true, onBatch() {}, onError() {} }); } catch (error) { told(error); }`;
    const node = [process.execPath, '--input-type=module-typescript', '-e', program];
    const { stdout, stderr } = spawnSync(
      'setpriv',
      ['--bounding-set=-net_admin', '--inh-caps=-net_admin', ...node],
      { encoding: 'utf8' },
    );
    expect(`${stdout}${stderr}`.trim().split('\n')).toEqual([
      'EPERM XFRM_MSG_GETPOLICY list policies',
      'EPERM XFRM_MSG_ALLOCSPI allocate an SPI to 192.0.2.1',
      'EPERM setsockopt exempt a socket from IPsec policies',
    ]);
  });
});

function udp(more: Partial<ConstructorParameters<typeof UdpSocket>[0]> = {}): UdpSocket {
  return new UdpSocket({
    family: 4,
    port: 0,
    onBatch: () => undefined,
    onError: () => undefined,
    ...more,
  });
}

/** An interface by which 10.2.0.0/16 is reached, with neighbours that need no resolution. */
function uplink(namespace: NetNamespace): void {
  namespace.ip('link add v0 type veth peer name v1');
  namespace.ip('address add 10.1.0.1/16 dev v0');
  namespace.ip('link set v0 up');
  namespace.ip('link set v1 up');
  namespace.ip('route add 10.2.0.0/16 via 10.1.0.254');
  namespace.ip('neighbour add 10.1.0.254 lladdr 02:00:00:00:00:01 dev v0 nud permanent');
}

function sentPackets(namespace: NetNamespace): number {
  const shown = namespace.ip('-s -j link show v0');
  return Number(/"tx":{[^}]*"packets":(\d+)/.exec(shown)?.[1]);
}
