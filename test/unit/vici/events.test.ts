import { describe, expect, test } from 'vitest';
import { type Tree, value } from '../../../daemon/config/tree.ts';
import type { IpAddress } from '../../../daemon/proto/ip-address.ts';
import { PacketType as P } from '../../../daemon/vici/packet.ts';
import { childSaView, ikeSaView } from '../../support/fake-control.ts';
import { inner, type Plain, plain, stream, ViciBench } from '../../support/vici.ts';

describe('list-sas', () => {
  test('shows the captured example of the protocol, key by key', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    bench.control.sas = [ikeSaView()];
    const text = (tree: Plain): string =>
      tree
        .map(([key, content]) => {
          if (typeof content === 'string') return `${key}=${content}`;
          const items = content as readonly unknown[];
          if (items.every((item) => typeof item === 'string') && items.length > 0)
            return `${key}=[${items.join(' ')}]`;
          return `${key} {${text(content as Plain)}}`;
        })
        .join(' ');
    const [event = []] = await stream(client, 'list-sas', 'list-sa');
    expect(text(event)).toBe(
      'gw {uniqueid=1 version=2 state=ESTABLISHED local-host=10.9.0.1 local-port=4500 local-id=node-a.example remote-host=10.9.0.2 remote-port=4500 remote-id=node-b.example initiator=yes initiator-spi=f0e4b0e438d1bca9 responder-spi=8ccc7d8c5beaf6c5 nat-remote=yes nat-any=yes encr-alg=AES_CBC encr-keysize=128 integ-alg=HMAC_SHA2_256_128 prf-alg=PRF_HMAC_SHA2_256 dh-group=ECP_256 established=1 rekey-time=13963 local-vips=[10.7.0.1] child-sas {net-2 {name=net uniqueid=2 reqid=2 state=INSTALLED mode=TUNNEL protocol=ESP encap=yes spi-in=3efb9645 spi-out=cb5d6145 encr-alg=AES_GCM_16 encr-keysize=128 bytes-in=168 packets-in=2 use-in=0 bytes-out=168 packets-out=2 use-out=0 rekey-time=3417 life-time=3959 install-time=1 local-ts=[10.1.0.0/16] remote-ts=[10.2.0.0/16]}}}',
    );
  });

  test('filters; the child filter leaves the IKE_SA', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    bench.control.sas = [ikeSaView(), ikeSaView({ name: 'other', uniqueId: 9, children: [] })];
    const names = async (...tree: Tree): Promise<unknown> =>
      (await stream(client, 'list-sas', 'list-sa', tree)).map((event) => event[0]?.[0]);
    expect(await names()).toEqual(['gw', 'other']);
    expect(await names(value('ike', 'gw'))).toEqual(['gw']);
    expect(await names(value('ike-id', '9'))).toEqual(['other']);
    const [event] = await stream(client, 'list-sas', 'list-sa', [
      value('child', 'x'),
      value('noblock', 'yes'),
    ]);
    expect(inner(event ?? [], 0).at(-1)).toEqual(['child-sas', []]);
  });

  test('large numbers, marks and states, SEC-84', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const child = childSaView();
    const huge = { bytes: 0xffff_ffff_ffff_ffffn, packets: 1n << 53n };
    const installed = child.installed && {
      ...child.installed,
      encap: false,
      spiIn: 0x80000000,
      spiOut: 0xffffffff,
      markIn: { value: 0xffffffff, mask: 0xffffffff },
      markOut: { value: 1, mask: 0x80000000 },
      ifIdIn: 0xfffffffe,
      algorithms: { ...child.installed.algorithms, esn: true },
      in: huge,
      out: huge,
    };
    const creating = childSaView({ state: 'INSTALLING', uniqueId: 3, localTs: [], remoteTs: [] });
    bench.control.sas = [
      ikeSaView({
        state: 'DELETING',
        children: [childSaView(installed && { installed }), creating],
      }),
    ];
    const [event = []] = await stream(client, 'list-sas', 'list-sa');
    const fields = event[0]?.[1] as Plain;
    expect(fields.some(([key]) => key === 'established' || key === 'rekey-time')).toBe(false);
    const children = fields.at(-1)?.[1] as Plain;
    const first = new Map(children[0]?.[1] as Plain);
    expect(Object.fromEntries(first)).toMatchObject({
      'spi-in': '80000000',
      'spi-out': 'ffffffff',
      'mark-in': 'ffffffff',
      'mark-out': '00000001',
      'mark-mask-out': '80000000',
      'if-id-in': 'fffffffe',
      esn: '1',
      'bytes-in': '18446744073709551615',
      'packets-out': '9007199254740992',
    });
    expect(first.has('mark-mask-in') || first.has('encap') || first.has('use-in')).toBe(false);
    expect(children[1]).toEqual([
      'net-3',
      [
        ['name', 'net'],
        ['uniqueid', '3'],
        ['reqid', '2'],
        ['state', 'INSTALLING'],
        ['mode', 'TUNNEL'],
        ['local-ts', []],
        ['remote-ts', []],
      ],
    ]);
  });
});

test('list-sas shows what only some SAs have, in the order of the protocol', async () => {
  await using bench = await ViciBench.start();
  using client = await bench.raw();
  const child = childSaView({ mode: 'TRANSPORT_PROXY', label: Uint8Array.of(0x0a, 0xff) });
  const installed = child.installed && {
    ...child.installed,
    cpiIn: 0x1ab,
    cpiOut: 0xefff,
    ifIdIn: 1,
    ifIdOut: 2,
    perCpuSas: true,
    cpu: 0,
    algorithms: {
      encrAlg: 'AES_CBC',
      encrKeysize: 256,
      integAlg: 'HMAC_SHA2_256_128',
      dhGroup: 'CURVE_25519',
      additionalKe: [
        { number: 1, name: 'ML_KEM_768' },
        { number: 7, name: 'ECP_384' },
      ],
    },
  };
  const ike = {
    remoteEapId: 'carol',
    ppk: true,
    ifIdIn: 5,
    reauthTime: -3,
    remoteVips: ['10.3.0.1' as IpAddress, 'fec0::1' as IpAddress],
    tasksQueued: ['CHILD_REKEY'],
    tasksActive: ['IKE_REKEY'],
  };
  bench.control.sas = [
    ikeSaView({ ...ike, children: [{ ...child, ...(installed && { installed }) }] }),
  ];
  const [event = []] = await stream(client, 'list-sas', 'list-sa');
  const fields = inner(event, 0);
  const after = (tree: Plain, key: string, count: number): Plain => {
    const at = tree.findIndex(([name]) => name === key);
    return tree.slice(at + 1, at + 1 + count);
  };
  expect(after(fields, 'remote-id', 1)).toEqual([['remote-eap-id', 'carol']]);
  expect(after(fields, 'nat-any', 1)).toEqual([['if-id-in', '00000005']]);
  expect(after(fields, 'dh-group', 2)).toEqual([
    ['ppk', 'yes'],
    ['established', '1'],
  ]);
  expect(after(fields, 'rekey-time', 5)).toEqual([
    ['reauth-time', '-3'],
    ['local-vips', ['10.7.0.1']],
    ['remote-vips', ['10.3.0.1', 'fec0::1']],
    ['tasks-queued', ['CHILD_REKEY']],
    ['tasks-active', ['IKE_REKEY']],
  ]);
  const shown = inner(fields.at(-1)?.[1] as Plain, 0);
  expect(after(shown, 'state', 3)).toEqual([
    ['mode', 'TRANSPORT_PROXY'],
    ['label', '0aff'],
    ['protocol', 'ESP'],
  ]);
  expect(after(shown, 'spi-out', 12)).toEqual([
    ['cpi-in', '01ab'],
    ['cpi-out', 'efff'],
    ['if-id-in', '00000001'],
    ['if-id-out', '00000002'],
    ['per-cpu-sas', 'yes'],
    ['cpu', '0'],
    ['encr-alg', 'AES_CBC'],
    ['encr-keysize', '256'],
    ['integ-alg', 'HMAC_SHA2_256_128'],
    ['dh-group', 'CURVE_25519'],
    ['ake1', 'ML_KEM_768'],
    ['ake7', 'ECP_384'],
  ]);
});

test('events reach whoever registered', async () => {
  await using bench = await ViciBench.start();
  using client = await bench.raw();
  for (const event of ['ike-updown', 'child-updown', 'alert', 'log']) {
    client.send(P.EVENT_REGISTER, event);
    await client.next();
  }
  const ike = ikeSaView();
  bench.control.raise({ kind: 'ike-updown', up: true, ike });
  bench.control.raise({ kind: 'child-updown', up: false, ike });
  bench.control.raise({ kind: 'alert', type: 'half-open-timeout', ike });
  bench.log.forIke({ name: 'gw', uniqueId: 1 }).log('knl', 0, 'two\nlines');
  bench.log.log('knl', 2, 'too much');
  const [up, down, alert, log] = [
    await client.next(),
    await client.next(),
    await client.next(),
    await client.next(),
  ];
  expect(plain(up?.message.tree ?? []).map(([key]) => key)).toEqual(['up', 'gw']);
  expect(inner(plain(up?.message.tree ?? []), 1).some(([key]) => key === 'child-sas')).toBe(false);
  expect(plain(down?.message.tree ?? []).map(([key]) => key)).toEqual(['gw']);
  expect(inner(plain(down?.message.tree ?? []), 0).at(-1)?.[0]).toBe('child-sas');
  expect(plain(alert?.message.tree ?? [])[0]).toEqual(['type', 'half-open-timeout']);
  expect(plain(log?.message.tree ?? [])).toEqual([
    ['group', 'KNL'],
    ['level', '0'],
    ['thread', '1'],
    ['ikesa-name', 'gw'],
    ['ikesa-uniqueid', '1'],
    ['msg', 'two\nlines'],
  ]);
});

describe('events of rekeying and of moving', () => {
  test('ike-rekey: the old and the new IKE_SA under the name of the connection', async () => {
    await using bench = await ViciBench.start();
    const tree = await bench.raised('ike-rekey', {
      kind: 'ike-rekey',
      old: ikeSaView({ state: 'REKEYED' }),
      new: ikeSaView({ uniqueId: 7 }),
    });
    expect(tree.map(([key]) => key)).toEqual(['gw']);
    const both = inner(tree, 0);
    expect(both.map(([key]) => key)).toEqual(['old', 'new']);
    const [old, fresh] = both.map(([, fields]) => new Map(fields as Plain));
    expect([old?.get('uniqueid'), old?.get('state')]).toEqual(['1', 'REKEYED']);
    expect([fresh?.get('uniqueid'), fresh?.get('state')]).toEqual(['7', 'ESTABLISHED']);
    expect(old?.has('child-sas') || fresh?.has('child-sas')).toBe(false);
  });

  test('child-rekey: both CHILD_SAs under the name without a number, last of the IKE_SA', async () => {
    await using bench = await ViciBench.start();
    const tree = await bench.raised('child-rekey', {
      kind: 'child-rekey',
      ike: ikeSaView({ children: [] }),
      old: childSaView({ state: 'REKEYED' }),
      new: childSaView({ uniqueId: 3 }),
    });
    const fields = inner(tree, 0);
    expect(fields[0]).toEqual(['uniqueid', '1']);
    const [key, children] = fields.at(-1) ?? [];
    expect(key).toBe('child-sas');
    expect((children as Plain).map(([name]) => name)).toEqual(['net']);
    const both = inner(children as Plain, 0);
    expect(both.map(([name]) => name)).toEqual(['old', 'new']);
    expect(both.map(([, one]) => new Map(one as Plain).get('uniqueid'))).toEqual(['2', '3']);
  });

  test('child-state-*: each CHILD_SA by itself, for clients that charon leaves without', async () => {
    await using bench = await ViciBench.start();
    const rekey = {
      kind: 'child-rekey',
      ike: ikeSaView({ children: [] }),
      old: childSaView({ state: 'REKEYING' }),
      new: childSaView({ uniqueId: 3 }),
    } as const;
    const ike = ikeSaView();
    for (const [name, event, up, child] of [
      ['child-state-installed', { kind: 'child-updown', up: true, ike }, true, 'net-2'],
      ['child-state-installed', rekey, true, 'net-3'],
      ['child-state-rekeyed', rekey, false, 'net-2'],
      ['child-state-destroying', rekey, false, 'net-2'],
      ['child-state-destroying', { kind: 'child-updown', up: false, ike }, false, 'net-2'],
    ] as const) {
      const tree = await bench.raised(name, event);
      expect(tree.map(([key]) => key)).toEqual(up ? ['up', 'gw'] : ['gw']);
      const [key, children] = inner(tree, up ? 1 : 0).at(-1) ?? [];
      expect([key, (children as Plain).map(([shown]) => shown)]).toEqual(['child-sas', [child]]);
    }
  });

  test('ike-update: new endpoints first, old ones in the section', async () => {
    await using bench = await ViciBench.start();
    const tree = await bench.raised('ike-update', {
      kind: 'ike-update',
      ike: ikeSaView(),
      localHost: '10.9.0.9' as IpAddress,
      localPort: 4501,
      remoteHost: '::' as IpAddress,
      remotePort: 4500,
    });
    expect(tree.slice(0, 4)).toEqual([
      ['local-host', '10.9.0.9'],
      ['local-port', '4501'],
      ['remote-host', '%any6'],
      ['remote-port', '4500'],
    ]);
    expect(new Map(inner(tree, 4)).get('local-host')).toBe('10.9.0.1');
  });
});
