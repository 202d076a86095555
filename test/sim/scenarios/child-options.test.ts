import { expect, test } from 'vitest';
import type { ChildConfig } from '../../../daemon/config/connection-types.ts';
import { parseProposals } from '../../../daemon/config/proposals-text.ts';
import type { KernelSa } from '../../../daemon/contracts/kernel.ts';
import type { ChildSaView } from '../../../daemon/contracts/views.ts';
import { ip, ts } from '../../support/selectors.ts';
import { carry, type DataPacket } from '../carry.ts';
import { type PairSetup, pair } from '../pair.ts';
import { simCrypto, World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

/** Everything that is asked of one side alone: how the other answers is what is tested. */
type Options = Partial<ChildConfig>;

const between: DataPacket = { source: ip('10.1.0.1'), destination: ip('10.2.0.1') };

/** Selectors of both sides, as one host each. */
function hosts(local: string, remote: string): Options {
  return {
    localTs: [{ kind: 'fixed', selector: ts(local) }],
    remoteTs: [{ kind: 'fixed', selector: ts(remote) }],
  };
}

async function established(
  world: World,
  setup: PairSetup,
  by: 'moon' | 'carol' = 'moon',
): Promise<readonly [moon: WorldHost, carol: WorldHost]> {
  const [moon, carol] = await pair(world, setup);
  const initiator = by === 'moon' ? moon : carol;
  expect(await world.during(initiator.initiate('net'))).toEqual({ ok: true });
  await world.settle(() => moon.children.length === 1 && carol.children.length === 1);
  return [moon, carol];
}

/** Packets pass both ways, protected; neither host drops one. */
function expectTraffic(moon: WorldHost, carol: WorldHost, packet: DataPacket = between): void {
  const back = { ...packet, source: packet.destination, destination: packet.source };
  expect(carry(moon.kernel, carol.kernel, packet)).toMatchObject({ kind: 'protected' });
  expect(carry(carol.kernel, moon.kernel, back)).toMatchObject({ kind: 'protected' });
}

const sasOf = (host: WorldHost): readonly KernelSa[] =>
  [...host.kernel.sas.values()].flatMap(({ sa }) => sa ?? []);
const childOf = (host: WorldHost): ChildSaView | undefined => host.children[0];

for (const by of ['moon', 'carol'] as const) {
  const role = by === 'moon' ? 'initiator' : 'responder';

  test(`AH alone, with extended sequence numbers, as ${role}`, async () => {
    await using world = new World();
    const proposals = parseProposals('ah', ['sha256-esn'], simCrypto());
    const [moon, carol] = await established(world, { child: { proposals } }, by);
    expectTraffic(moon, carol);
    for (const host of [moon, carol]) {
      expect(childOf(host)?.installed).toMatchObject({ protocol: 'AH' });
      for (const sa of sasOf(host)) {
        expect(sa).toMatchObject({ protocol: 51, esn: true, integrity: { id: 12 } });
        expect(sa.encryption).toBeUndefined();
      }
    }
  });

  test(`AH where the peer has no ESP proposal in common, as ${role}`, async () => {
    await using world = new World();
    const esp = (suite: string) => parseProposals('esp', [suite], simCrypto());
    const ah = parseProposals('ah', ['sha384'], simCrypto());
    const [moon, carol] = await established(
      world,
      {
        moonChild: { proposals: [...esp('aes256-sha512'), ...ah] },
        carolChild: { proposals: [...esp('aes128gcm16'), ...ah] },
      },
      by,
    );
    expectTraffic(moon, carol);
    expect(childOf(moon)?.installed?.protocol).toBe('AH');
  });

  test(`IPComp in tunnel and transport mode, as ${role}`, async () => {
    for (const mode of ['tunnel', 'transport'] as const) {
      await using world = new World();
      const ends = mode === 'transport';
      const setup: PairSetup = {
        child: { mode, ipcomp: true },
        ...(ends && {
          moonChild: hosts('192.0.2.1', '192.0.2.2'),
          carolChild: hosts('192.0.2.2', '192.0.2.1'),
        }),
      };
      const [moon, carol] = await established(world, setup, by);
      const packet = ends ? { source: ip('192.0.2.1'), destination: ip('192.0.2.2') } : between;
      expectTraffic(moon, carol, packet);
      const [ours, theirs] = [childOf(moon)?.installed, childOf(carol)?.installed];
      expect(ours?.cpiIn).toBe(theirs?.cpiOut);
      expect(ours?.cpiOut).toBe(theirs?.cpiIn);
      expect(ours?.cpiIn).toBeGreaterThanOrEqual(0x100);
      expect(ours?.cpiIn).toBeLessThanOrEqual(0xefff);
      expect(sasOf(moon).filter(({ protocol }) => protocol === 108)).toHaveLength(2);
      const ended = await world.during(moon.terminate({ ike: 'gw' }));
      expect(ended.ok).toBe(true);
      await world.settle(() => moon.kernel.empty && carol.kernel.empty);
    }
  });

  test(`IP-TFS, whose flags each side obeys, as ${role}`, async () => {
    await using world = new World();
    const [moon, carol] = await established(
      world,
      {
        child: { mode: 'iptfs' },
        moonOptions: { 'iptfs.accept_fragments': false, 'iptfs.packet_size': 1300 },
      },
      by,
    );
    expectTraffic(moon, carol);
    expect(childOf(moon)?.mode).toBe('IPTFS');
    // Moon takes no fragments, so carol sends none; moon itself may.
    expect(sasOf(moon)[0]?.iptfs).toMatchObject({ dontFragment: false, packetOctets: 1300 });
    expect(sasOf(carol)[0]?.iptfs).toMatchObject({ dontFragment: true, packetOctets: 0 });
  });

  test(`BEET mode between two that send the vendor ID, as ${role}`, async () => {
    await using world = new World();
    const [moon, carol] = await established(
      world,
      {
        options: { send_vendor_id: true },
        child: { mode: 'beet' },
        moonChild: hosts('10.1.0.1', '10.2.0.1'),
        carolChild: hosts('10.2.0.1', '10.1.0.1'),
      },
      by,
    );
    expectTraffic(moon, carol);
    expect([childOf(moon)?.mode, childOf(carol)?.mode]).toEqual(['BEET', 'BEET']);
    expect(sasOf(moon).every(({ selector }) => selector !== undefined)).toBe(true);
  });

  test(`transport mode on behalf of others, as ${role}`, async () => {
    await using world = new World();
    const [moon, carol] = await established(world, { child: { mode: 'transport_proxy' } }, by);
    expect([childOf(moon)?.mode, childOf(carol)?.mode]).toEqual([
      'TRANSPORT_PROXY',
      'TRANSPORT_PROXY',
    ]);
    expect(sasOf(moon).every(({ mode }) => mode === 'transport')).toBe(true);
  });
}

const one = { moonChild: hosts('10.1.0.1', '10.2.0.1'), carolChild: hosts('10.2.0.1', '10.1.0.1') };

test.each([
  ['BEET mode without vendor ID', { ...one, child: { mode: 'beet' } }, 'unknown, skipped'],
  [
    'BEET mode of whole networks',
    { options: { send_vendor_id: true }, child: { mode: 'beet' } },
    'not using BEET mode, not host-to-host',
  ],
  ['transport mode of whole networks', { child: { mode: 'transport' } }, 'not host-to-host'],
  [
    'IP-TFS that only we want',
    { moonChild: { mode: 'iptfs' } },
    'peer does not agree to IP-TFS mode, using tunnel mode',
  ],
  [
    'IP-TFS that only the peer wants',
    { carolChild: { mode: 'iptfs' } },
    'peer does not ask for IP-TFS mode, using tunnel mode',
  ],
  [
    'IP-TFS with AH',
    { child: { mode: 'iptfs', proposals: parseProposals('ah', ['sha256'], simCrypto()) } },
    'not using IP-TFS mode, it is for ESP only',
  ],
] as const)('rejects_%s: a tunnel it is', async (_what, setup, said) => {
  await using world = new World();
  const [moon, carol] = await established(world, setup as PairSetup);
  expectTraffic(moon, carol);
  expect([childOf(moon)?.mode, childOf(carol)?.mode]).toEqual(['TUNNEL', 'TUNNEL']);
  expect([...moon.lines, ...carol.lines].some((line) => line.includes(said))).toBe(true);
});

test('a mode that the kernel lacks is neither asked for nor agreed to', async () => {
  for (const without of ['moon', 'carol'] as const) {
    await using world = new World();
    const [moon, carol] = await pair(world, { child: { mode: 'iptfs' } });
    (without === 'moon' ? moon : carol).kernel.withoutModes.add('iptfs');
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => carol.children.length === 1);
    expectTraffic(moon, carol);
    expect(childOf(moon)?.mode).toBe('TUNNEL');
  }
});

test('IPComp that one side does not want is not used, and nothing stays reserved', async () => {
  for (const who of ['moonChild', 'carolChild'] as const) {
    await using world = new World();
    const [moon, carol] = await established(world, { [who]: { ipcomp: true } });
    expectTraffic(moon, carol);
    for (const host of [moon, carol]) {
      expect(childOf(host)?.installed).toMatchObject({ cpiIn: undefined });
      expect([...host.kernel.sas.values()].every(({ id }) => id.protocol === 50)).toBe(true);
    }
  }
});

test('a refused CHILD_SA leaves no CPI behind', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    child: { ipcomp: true },
    moonEsp: ['aes256-sha256'],
    carolEsp: ['aes128gcm16'],
  });
  expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: false });
  await world.pass(1000);
  expect([moon.kernel.sas.size, carol.kernel.sas.size]).toEqual([0, 0]);
});

test('when the kernel refuses the IPComp SA, nothing stays and the peer hears of it', async () => {
  for (const failing of ['moon', 'carol'] as const) {
    await using world = new World();
    const [moon, carol] = await pair(world, { child: { ipcomp: true } });
    const { kernel } = failing === 'moon' ? moon : carol;
    kernel.refuse((operation) => {
      const added = kernel.calls.filter((call) => call.startsWith('addSa')).length;
      return operation === 'addSa' && added === 1 ? 'ENOMEM' : undefined;
    });
    expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: false });
    await world.settle(() => moon.kernel.empty && carol.kernel.empty);
  }
});

test('padding to the path MTU, ICMP errors, DF, ECN and DSCP reach the SAs of their direction', async () => {
  await using world = new World();
  const [moon] = await established(world, {
    child: { tfcPadding: 'mtu', icmp: true, copyDf: false, copyEcn: false, copyDscp: 'in' },
  });
  const [into, out] = [
    sasOf(moon).find(({ direction }) => direction === 'in'),
    sasOf(moon).find(({ direction }) => direction === 'out'),
  ];
  expect(out).toMatchObject({ tfcPadding: 0xffff, copyDf: false, copyEcn: false, copyDscp: 'in' });
  expect(into).toMatchObject({ icmp: true, copyDscp: 'in' });
});

test('unique marks and interface ids count from 1, and rekeying keeps them', async () => {
  await using world = new World();
  const unique = { kind: 'unique', mask: 0xffffffff } as const;
  const perDirection = { kind: 'unique-dir' } as const;
  const [moon] = await established(world, {
    moonChild: {
      markIn: unique,
      markOut: unique,
      setMarkIn: { kind: 'same', mask: 0xff },
      ifIdIn: perDirection,
      ifIdOut: perDirection,
    },
  });
  const expected = {
    markIn: { value: 1, mask: 0xffffffff },
    markOut: { value: 1, mask: 0xffffffff },
    ifIdIn: 1,
    ifIdOut: 2,
  };
  expect(childOf(moon)?.installed).toMatchObject(expected);
  expect(sasOf(moon).find(({ direction }) => direction === 'in')?.setMark).toEqual({
    value: 1,
    mask: 0xff,
  });
  const before = childOf(moon)?.installed?.spiIn;
  moon.kernel.expire(before as KernelSa['spi'], false);
  await world.settle(() => moon.children.some(({ installed }) => installed?.spiIn !== before));
  await world.pass(20_000);
  expect(moon.children).toHaveLength(1);
  expect(childOf(moon)?.installed).toMatchObject(expected);
});

test('interface ids of the connection are one for all CHILD_SAs of the IKE_SA', async () => {
  await using world = new World();
  const [moon] = await established(world, {
    moonConnection: { ifIdIn: { kind: 'unique' }, ifIdOut: { kind: 'unique' } },
  });
  expect(childOf(moon)?.installed).toMatchObject({ ifIdIn: 1, ifIdOut: 1 });
  expect(moon.sas[0]).toMatchObject({ ifIdIn: 1, ifIdOut: 1 });
});

test('a rekeyed CHILD_SA keeps mode and compression', async () => {
  await using world = new World();
  const [moon, carol] = await established(world, {
    child: { mode: 'transport', ipcomp: true },
    moonChild: hosts('192.0.2.1', '192.0.2.2'),
    carolChild: hosts('192.0.2.2', '192.0.2.1'),
  });
  const before = childOf(moon)?.installed;
  moon.kernel.expire(before?.spiIn as KernelSa['spi'], false);
  await world.pass(20_000);
  const after = childOf(moon);
  expect(moon.children).toHaveLength(1);
  expect(after?.installed?.spiIn).not.toBe(before?.spiIn);
  expect(after?.mode).toBe('TRANSPORT');
  expect(after?.installed?.cpiIn).not.toBe(before?.cpiIn);
  expectTraffic(moon, carol, { source: ip('192.0.2.1'), destination: ip('192.0.2.2') });
  expect(sasOf(moon)).toHaveLength(4);
});

test.each([
  ['policies = no', { policies: false }, []],
  ['policies_fwd_out = yes', { policiesFwdOut: true }, ['fwd', 'fwd', 'in', 'out']],
] as const)('%s: so it is, and after a rekeying', async (_name, moonChild, directions) => {
  await using world = new World();
  const [moon] = await established(world, { moonChild });
  const before = childOf(moon)?.installed?.spiIn;
  const expectPolicies = (): void => {
    const found = [...moon.kernel.policies.values()].map(({ direction }) => direction);
    expect(found.sort()).toEqual(directions);
    expect(moon.kernel.sas.size).toBe(2);
  };
  expectPolicies();
  moon.kernel.expire(before as KernelSa['spi'], false);
  await world.pass(20_000);
  expect(childOf(moon)?.installed?.spiIn).not.toBe(before);
  expectPolicies();
});
