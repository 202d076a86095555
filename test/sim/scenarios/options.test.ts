import { describe, expect, test } from 'vitest';
import type { DaemonOptions } from '../../../daemon/config/options.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { authRound, hostSpec } from '../../support/connections.ts';
import { ip, ts } from '../../support/selectors.ts';
import { ELSEWHERE, endsOf, tunnel } from '../moving.ts';
import { type PairSetup, pair, places } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

/** The same situation without an option and with it. */
async function withAndWithout<T>(
  options: Partial<DaemonOptions>,
  situation: (world: World, setup: PairSetup) => Promise<T>,
): Promise<readonly [without: T, with_: T]> {
  await using plain = new World();
  await using changed = new World();
  return [await situation(plain, {}), await situation(changed, { options })];
}

const count = (host: WorldHost, text: string): number =>
  host.lines.filter((line) => line.includes(text)).length;

describe('paths', () => {
  test('check_current_path: a path that still looks usable is probed after a change', async () => {
    for (const mobike of [true, false]) {
      const probes = await withAndWithout({ check_current_path: true }, async (world, setup) => {
        const [moon, carol] = await tunnel(world, { ...setup, connection: { mobike } });
        for (const host of [moon, carol]) host.kernel.reroute();
        await world.pass(2000);
        return [count(moon, 'sending DPD request'), count(carol, 'sending DPD request')];
      });
      expect([mobike, probes]).toEqual([
        mobike,
        [
          [0, 0],
          [1, 1],
        ],
      ]);
    }
  });

  test('process_route: changes of routes are looked at, or not', async () => {
    const probes = await withAndWithout({ process_route: false }, async (world, setup) => {
      const options = { ...setup.options, check_current_path: true };
      const [moon] = await tunnel(world, { options });
      moon.kernel.reroute();
      await world.pass(2000);
      return count(moon, 'sending DPD request');
    });
    expect(probes).toEqual([1, 0]);
  });

  test('prefer_best_path: a path that works is left for the one the kernel prefers', async () => {
    const ends = await withAndWithout({ prefer_best_path: true }, async (world, setup) => {
      const [moon] = await tunnel(world, setup);
      moon.readdress(ELSEWHERE, places.moon.address, places.moon.inside);
      await world.pass(5000);
      return endsOf(moon)[0];
    });
    expect(ends).toEqual([`${places.moon.address}[4500]`, `${ELSEWHERE}[4500]`]);
  });
});

describe('keepalives', () => {
  const behindNat = async (world: World, options: Partial<DaemonOptions>) => {
    world.network.nat(ip('198.51.100.1'), 'moon');
    const [moon, carol] = await tunnel(world, { options });
    return [moon, carol] as const;
  };

  test('keep_alive: their interval', async () => {
    for (const [seconds, expected] of [
      [20, 3],
      [5, 12],
      [0, 0],
    ] as const) {
      await using world = new World();
      const [moon] = await behindNat(world, { keep_alive: seconds });
      await world.pass(62_000);
      expect([seconds, count(moon, 'sending keep alive to')]).toEqual([seconds, expected]);
    }
  });

  test('keep_alive_dpd_margin: one that is late because the host slept asks the peer instead', async () => {
    const asked = await withAndWithout({ keep_alive_dpd_margin: 30 }, async (world, setup) => {
      const [moon] = await behindNat(world, setup.options ?? {});
      await world.pass(10_000);
      world.clock.sleep(25_000);
      await world.pass(20_000);
      const punctualEnough = count(moon, 'sending DPD request');
      world.clock.sleep(40_000);
      await world.pass(21_000);
      return [punctualEnough, count(moon, 'sending DPD request')];
    });
    expect(asked).toEqual([
      [0, 0],
      [0, 1],
    ]);
  });
});

describe('what is sent', () => {
  test('cisco_flexvpn: the vendor ID goes with the request, not with the answer', async () => {
    const id = '464c455856504e2d535550504f52544544';
    const heard = await withAndWithout({ cisco_flexvpn: true }, async (world, setup) => {
      const [moon, carol] = await tunnel(world, setup);
      return [count(moon, id), count(carol, id)];
    });
    expect(heard).toEqual([
      [0, 0],
      [0, 1],
    ]);
  });

  test('spi_mask and spi_label: some bits of IKE SPIs are fixed, the others stay random', async () => {
    await using world = new World();
    const [moon, carol] = await tunnel(world, {
      moonOptions: { spi_mask: 0xff00_0000_0000_000fn, spi_label: 0xab12_0000_0000_0007n },
    });
    const [sa] = moon.established;
    expect(sa?.initiatorSpi).toMatch(/^ab[0-9a-f]{13}7$/);
    expect(sa?.initiatorSpi).not.toMatch(/^ab12/);
    expect(sa?.responderSpi).not.toMatch(/^ab/);
    expect(carol.established).toHaveLength(1);
  });

  test('a spi_mask that leaves no bits keeps nobody from making a second IKE_SA', async () => {
    await using world = new World();
    const mask = 0xffff_ffff_ffff_ffffn;
    const [moon] = await tunnel(world, {
      moonOptions: { spi_mask: mask, spi_label: 0x0102_0304_0506_0708n },
    });
    expect(moon.established[0]?.initiatorSpi).toBe('0102030405060708');
    void moon.daemon.control.rekey({ ike: 'gw', reauth: false });
    await world.pass(2000);
    expect(moon.established).toHaveLength(1);
    expect(moon.established[0]?.initiatorSpi).not.toBe('0102030405060708');
  });

  test.each([
    ['fragment_size_v4', places.moon.address, places.carol.address],
    ['fragment_size_v6', '2001:db8::1', '2001:db8::2'],
  ] as const)('%s: how large fragments are in that family only', async (option, here, there) => {
    const largest = async (options: Partial<DaemonOptions>): Promise<number> => {
      await using world = new World();
      let size = 0;
      world.network.intercept = (packet) => {
        size = Math.max(size, packet.data.length);
        return packet;
      };
      const long = parseIdentity(`${'x'.repeat(2000)}.example.org`, { allowRegex: false });
      const [moon, carol] = await pair(world, {
        options,
        moonConnection: {
          localAddrs: [hostSpec(here)],
          remoteAddrs: [hostSpec(there)],
          local: [authRound({ id: long })],
        },
        carolConnection: {
          localAddrs: [hostSpec(there)],
          remoteAddrs: [hostSpec(here)],
          remote: [authRound({ id: long })],
        },
      });
      moon.readdress(here, places.moon.inside);
      carol.readdress(there, places.carol.inside);
      await world.pass(1000);
      expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
      return size;
    };
    expect(await largest({ fragment_size: 700 })).toBeLessThanOrEqual(700);
    const other = option === 'fragment_size_v4' ? 'fragment_size_v6' : 'fragment_size_v4';
    expect(await largest({ [option]: 700 })).toBeLessThanOrEqual(700);
    expect(await largest({ [other]: 700 })).toBeGreaterThan(700);
  });
});

describe('choices of a responder', () => {
  test('prefer_configured_proposals: its own order decides, or that of the initiator', async () => {
    const bits = await withAndWithout(
      { prefer_configured_proposals: false },
      async (world, setup) => {
        const [, carol] = await tunnel(world, {
          ...setup,
          moonIke: 'aes256gcm16-prfsha256-x25519,aes128gcm16-prfsha256-x25519',
          carolIke: 'aes128gcm16-prfsha256-x25519,aes256gcm16-prfsha256-x25519',
          moonEsp: ['aes256gcm16', 'aes128gcm16'],
          carolEsp: ['aes128gcm16', 'aes256gcm16'],
        });
        const [sa] = carol.established;
        return [sa?.algorithms, carol.children[0]?.installed?.algorithms].map(
          (chosen) => chosen?.encrKeysize,
        );
      },
    );
    expect(bits).toEqual([
      [128, 128],
      [256, 256],
    ]);
  });

  test('rdn_matching: identities whose parts come in another order match, or not', async () => {
    const outcomes = await withAndWithout({ rdn_matching: 'reordered' }, async (world, setup) => {
      const name = (text: string) => parseIdentity(text, { allowRegex: false });
      const [moon, carol] = await pair(world, {
        ...setup,
        moonConnection: { local: [authRound({ id: name('C=CH, O=moon, CN=gw') })] },
        carolConnection: { remote: [authRound({ id: name('O=moon, C=CH, CN=gw') })] },
      });
      await world.during(moon.initiate('net'));
      return carol.established.length;
    });
    expect(outcomes).toEqual([0, 1]);
  });
});

describe('in the kernel', () => {
  test('delete_rekeyed_delay: how long a rekeyed CHILD_SA is received', async () => {
    const received = async (seconds: number, life: number, after: number): Promise<number> => {
      await using world = new World();
      const [moon] = await tunnel(world, {
        options: { delete_rekeyed_delay: seconds },
        child: { time: { rekey: 0, life, rand: 0 } },
      });
      void moon.daemon.control.rekey({ child: 'net', reauth: false });
      await world.pass(after * 1000);
      return [...moon.kernel.sas.values()].filter(({ sa }) => sa?.direction === 'in').length;
    };
    expect([await received(5, 0, 4), await received(5, 0, 7)]).toEqual([2, 1]);
    expect([await received(60, 0, 50), await received(60, 0, 70)]).toEqual([2, 1]);
    expect(await received(0, 3600, 3000)).toBe(2);
    expect(await received(0, 0, 10)).toBe(1);
  });

  test('delete_rekeyed_delay of 0: a rekeyed CHILD_SA goes when the kernel tells that it expired', async () => {
    await using world = new World();
    const [moon] = await tunnel(world, {
      options: { delete_rekeyed_delay: 0 },
      child: { time: { rekey: 0, life: 3600, rand: 0 } },
    });
    const [old] = moon.children;
    void moon.daemon.control.rekey({ child: 'net', reauth: false });
    await world.pass(100_000);
    const inbound = () =>
      [...moon.kernel.sas.values()].filter(({ sa }) => sa?.direction === 'in').map(({ id }) => id);
    const left = inbound().find(({ spi }) => spi === old?.installed?.spiIn);
    if (left === undefined) throw new TypeError('the old CHILD_SA is gone');
    moon.kernel.expire(left.spi, true);
    await world.pass(1000);
    expect(inbound()).toHaveLength(1);
    expect(moon.children).toHaveLength(1);
  });

  test('replay_window, reqid_base, routing_table and routing_table_prio', async () => {
    await using world = new World();
    const [moon] = await tunnel(world, {
      moonOptions: {
        replay_window: 77,
        reqid_base: 500,
        routing_table: 33,
        routing_table_prio: 44,
      },
    });
    const inbound = [...moon.kernel.sas.values()].filter(({ sa }) => sa?.direction === 'in');
    expect(inbound.map(({ sa }) => [sa?.replayWindow, sa?.reqid])).toEqual([[77, 500]]);
    expect([...moon.kernel.routes.values()].map(({ table }) => table)).toEqual([33]);
    expect([...moon.kernel.rules].join()).toContain('33 44');
  });

  test('install_routes: with them the rule, without them neither', async () => {
    const routes = await withAndWithout({ install_routes: false }, async (world, setup) => {
      const [moon] = await tunnel(world, setup);
      return [moon.kernel.routes.size, moon.kernel.rules.size];
    });
    expect(routes).toEqual([
      [1, 1],
      [0, 0],
    ]);
  });

  test('install_routes_xfrmi: routes lead into the interface that has the interface ID', async () => {
    const into = await withAndWithout(
      { 'plugins.kernel-netlink.install_routes_xfrmi': true },
      async (world, setup) => {
        const [moon, carol] = await pair(world, {
          ...setup,
          moonConnection: {
            ifIdIn: { kind: 'value', value: 42 },
            ifIdOut: { kind: 'value', value: 42 },
          },
        });
        moon.kernel.xfrmInterfaces.set(42, 'ipsec42');
        expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
        expect(carol.children).toHaveLength(1);
        return [...moon.kernel.routes.values()].map(({ interfaceName }) => interfaceName);
      },
    );
    expect(into).toEqual([[], ['ipsec42']]);
  });

  test('set_proto_port_transport_sa: the SA itself is of the negotiated protocol and port', async () => {
    const selectors = await withAndWithout(
      { 'plugins.kernel-netlink.set_proto_port_transport_sa': true },
      async (world, setup) => {
        const udp = (address: string, port: number) =>
          ({ kind: 'fixed', selector: { ...ts(`${address}/32`), ...port4711(port) } }) as const;
        const [here, there] = [places.moon.address, places.carol.address];
        const [moon] = await tunnel(world, {
          ...setup,
          child: { mode: 'transport' },
          moonChild: { localTs: [udp(here, 4711)], remoteTs: [udp(there, 4711)] },
          carolChild: { localTs: [udp(there, 4711)], remoteTs: [udp(here, 4711)] },
        });
        return [...moon.kernel.sas.values()].map(({ sa }) => sa?.selector?.source.startPort);
      },
    );
    expect(selectors).toEqual([
      [0, 0],
      [4711, 4711],
    ]);
  });

  test('iptfs: the settings of each direction reach its SA', async () => {
    await using world = new World();
    const [moon] = await tunnel(world, {
      child: { mode: 'iptfs' },
      moonOptions: {
        'iptfs.dont_frag': true,
        'iptfs.drop_time': 11,
        'iptfs.init_delay': 22,
        'iptfs.max_queue_size': 33,
        'iptfs.reorder_window': 4,
      },
    });
    for (const { sa } of moon.kernel.sas.values()) {
      expect(sa?.iptfs).toMatchObject({
        dontFragment: true,
        dropTimeMicros: 11,
        initDelayMicros: 22,
        maxQueueOctets: 33,
        reorderWindow: 4,
      });
    }
  });

  test('port_bypass: policies stronger than all others let IKE through, and go with the daemon', async () => {
    const bypasses = (host: WorldHost) =>
      [...host.kernel.policies.values()]
        .filter(({ priority }) => priority === 1)
        .map(({ direction, source, destination, action, templates }) => {
          const own = direction === 'in' ? destination : source;
          return `${direction} ${own.family} ${own.protocol} ${own.startPort}-${own.endPort} ${action} ${templates.length}`;
        });
    const found = await withAndWithout(
      { 'plugins.kernel-netlink.port_bypass': true },
      async (world, setup) => {
        const [moon] = await tunnel(world, setup);
        const before = bypasses(moon);
        await world.during(moon.daemon.shutdown());
        expect(moon.kernel.empty).toBe(true);
        return before;
      },
    );
    expect(found[0]).toEqual([]);
    expect([...found[1]].sort()).toEqual(
      ['in', 'out'].flatMap((direction) =>
        [4, 6].flatMap((family) =>
          [4500, 500].map((port) => `${direction} ${family} 17 ${port}-${port} allow 0`),
        ),
      ),
    );
  });
});

function port4711(port: number) {
  return { protocol: 17, startPort: port, endPort: port };
}
