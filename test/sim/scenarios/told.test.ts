import { expect, test } from 'vitest';
import { parseProposals } from '../../../daemon/config/proposals-text.ts';
import type { DaemonEvent } from '../../../daemon/contracts/events.ts';
import type { RekeyOutcome } from '../../../daemon/control/control.ts';
import { ip, ts } from '../../support/selectors.ts';
import { datagramWith, SPI_R } from '../../support/wire.ts';
import { type PairSetup, pair } from '../pair.ts';
import { simCrypto, World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

/** Events as one line each, in the order in which they were raised. */
function told(host: WorldHost): readonly string[] {
  return host.events.map(line);
}

function line(event: DaemonEvent): string {
  switch (event.kind) {
    case 'alert':
      return `${event.type} ${event.ike?.name ?? '-'}`;
    case 'ike-updown':
      return `ike ${event.up ? 'up' : 'down'} ${event.ike.state}`;
    case 'child-updown': {
      const [child] = event.ike.children;
      return `child ${event.up ? 'up' : 'down'} ${event.ike.state} ${child?.state}`;
    }
    case 'ike-rekey':
      return `ike rekey ${event.old.state} ${event.new.state}`;
    case 'child-rekey':
      return `child rekey ${event.ike.children.length} ${event.old.state} ${event.new.state}`;
    default:
      return event.kind;
  }
}

const UP = ['ike up ESTABLISHED', 'child up ESTABLISHED INSTALLED'];
const DOWN = ['ike down DELETING', 'child down DELETING INSTALLED'];
const REFUSED = ['ike up ESTABLISHED', 'ts-mismatch gw', 'keep-on-child-sa-failure gw'];
const narrower = { localTs: [{ kind: 'fixed', selector: ts('10.2.0.0/25') }] } as const;
const elsewhere = { localTs: [{ kind: 'fixed', selector: ts('10.77.0.0/25') }] } as const;

// What charon of both roles was seen to tell in the same situations.
const CASES: readonly (readonly [
  string,
  PairSetup,
  initiator: readonly string[],
  responder: readonly string[],
])[] = [
  ['all is well', {}, UP, UP],
  [
    'the responder narrows',
    { carolChild: narrower },
    ['ike up ESTABLISHED', 'ts-narrowed gw', 'child up ESTABLISHED INSTALLED'],
    UP,
  ],
  ['selectors do not fit', { carolChild: elsewhere }, REFUSED, REFUSED],
  [
    'ESP proposals do not fit',
    { carolChild: { proposals: parseProposals('esp', ['aes256gcm16'], simCrypto()) } },
    ['ike up ESTABLISHED', 'proposal-mismatch-child gw', 'keep-on-child-sa-failure gw'],
    ['ike up ESTABLISHED', 'proposal-mismatch-child gw', 'keep-on-child-sa-failure gw'],
  ],
  [
    'IKE proposals do not fit',
    { carolIke: 'aes256gcm16-prfsha256-x25519' },
    ['proposal-mismatch-ike gw', 'ike down CONNECTING'],
    ['proposal-mismatch-ike (unnamed)'],
  ],
  [
    'the secrets differ',
    { carolSecret: 'another secret' },
    ['local-auth-failed gw', 'ike down CONNECTING'],
    ['peer-auth-failed gw', 'ike down CONNECTING'],
  ],
];

test.each(CASES)('events when %s', async (_name, setup, initiator, responder) => {
  await using world = new World();
  const [moon, carol] = await pair(world, setup);
  await world.during(moon.initiate('net'));
  await world.pass(100);
  expect(told(moon)).toEqual(initiator);
  expect(told(carol)).toEqual(responder);
});

test.each(['moon', 'carol'])('events when %s closes the IKE_SA', async (who) => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  await world.during(moon.initiate('net'));
  await world.during((who === 'moon' ? moon : carol).terminate({ ike: 'gw' }));
  await world.settle(() => moon.sas.length + carol.sas.length === 0);
  expect(told(moon)).toEqual([...UP, ...DOWN]);
  expect(told(carol)).toEqual([...UP, ...DOWN]);
});

test.each(['moon', 'carol'])('events when %s is told to rekey both', async (who) => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  await world.during(moon.initiate('net'));
  const asked = who === 'moon' ? moon : carol;
  const rekey = (what: { child?: string; ike?: string }): Promise<RekeyOutcome> =>
    asked.daemon.control.rekey({ ...what, reauth: false });
  expect(await rekey({ child: 'net' })).toEqual({ ok: true, matches: 1 });
  await world.pass(1000);
  expect(await rekey({ ike: 'gw' })).toEqual({ ok: true, matches: 1 });
  await world.pass(1000);
  const rekeyed = (old: string): readonly string[] => [
    ...UP,
    `child rekey 0 ${old} INSTALLED`,
    'ike rekey REKEYING ESTABLISHED',
  ];
  const [first, second] = who === 'moon' ? [moon, carol] : [carol, moon];
  expect(told(first)).toEqual(rekeyed('REKEYING'));
  expect(told(second)).toEqual(rekeyed('DELETED'));
  const counted = (host: WorldHost) => {
    const values = host.daemon.control.counters().of('gw');
    return [values?.['ike-rekey-init'], values?.['ike-rekey-resp'], values?.['child-rekey']];
  };
  expect(counted(first)).toEqual([1, 0, 1]);
  expect(counted(second)).toEqual([0, 1, 1]);
});

test('rekey names what it meant when nothing matches, and asks every SA that does', async () => {
  await using world = new World();
  const [moon] = await pair(world);
  await world.during(moon.initiate('net'));
  const { control } = moon.daemon;
  const [ike] = moon.sas;
  const child = ike?.children[0];
  const matches = async (what: object): Promise<number> =>
    (await control.rekey({ ...what, reauth: false })).matches;
  const none = [
    { child: 'nope' },
    { child: 'net', childId: 99 },
    { child: 'nope', childId: child?.uniqueId },
    { child: 'net', ike: 'nope' },
    { child: 'net', ikeId: 99 },
    { ike: 'nope' },
    { ikeId: 99 },
    { childId: 99 },
  ];
  for (const what of none) expect(await matches(what), JSON.stringify(what)).toBe(0);
  expect(moon.events.some(({ kind }) => kind === 'child-rekey')).toBe(false);
  const some = [
    { child: 'net' },
    { childId: child?.uniqueId },
    { child: 'net', ike: 'gw', ikeId: ike?.uniqueId },
    { ike: 'nope', ikeId: ike?.uniqueId },
    { ike: 'gw', ikeId: 99 },
  ];
  for (const what of some) expect(await matches(what), JSON.stringify(what)).toBe(1);
  expect(moon.lines.join('\n')).toContain("vici rekey CHILD_SA 'net' #99");
  expect(moon.lines.join('\n')).toContain("vici rekey CHILD_SA 'net' of IKE_SA 'nope'");
});

test('alerts of the kernel: SAs and policies that it refuses', async () => {
  for (const [operation, type] of [
    ['addSa', 'install-child-sa-failed'],
    ['addPolicy', 'install-child-policy-failed'],
  ] as const) {
    await using world = new World();
    const [moon] = await pair(world);
    moon.kernel.refuse((called) => (called === operation ? 'ENOMEM' : undefined));
    await world.during(moon.initiate('net'));
    expect(moon.alerts(type), type).toBe(1);
    moon.kernel.refuse(() => undefined);
  }
});

test('alerts of a peer that cannot be found, and of the end of the daemon', async () => {
  await using world = new World();
  const [moon] = await pair(world, {
    moonConnection: { remoteAddrs: [{ kind: 'name', text: 'nowhere.example' }], keyingTries: 1 },
  });
  expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: false });
  expect(moon.alerts('peer-addr-failed')).toBe(1);
  await world.during(moon.daemon.shutdown());
  expect(moon.alerts('shutdown-signal')).toBe(1);
});

test('what strangers send is counted each time and told at a bounded rate', async () => {
  await using world = new World();
  const [moon] = await pair(world);
  const [from, to] = [
    { address: ip('192.0.2.9'), port: 500 },
    { address: moon.address, port: 500 },
  ];
  const unknown = datagramWith(46, new Uint8Array(64), { spiR: SPI_R, exchange: 37 });
  for (let i = 0; i < 100; i++) {
    moon.daemon.manager.receive(new Uint8Array(20), to, from);
    moon.daemon.manager.receive(unknown.slice(), to, from);
  }
  const counted = moon.daemon.control.counters().global;
  expect([counted.invalid, counted['invalid-spi']]).toEqual([100, 100]);
  const alerts = moon.alerts('parse-error-header') + moon.alerts('invalid-ike-spi');
  expect(alerts).toBeGreaterThan(0);
  expect(alerts).toBeLessThanOrEqual(10);
});

test('counters of both sides, in all and of the connection, as charon counts', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  await world.during(moon.initiate('net'));
  await world.during(moon.terminate({ child: 'net' }));
  await world.during(moon.initiate('net'));
  await world.during(moon.terminate({ ike: 'gw' }));
  await world.settle(() => carol.sas.length === 0);
  const nonZero = (values: object | undefined): object =>
    Object.fromEntries(Object.entries(values ?? {}).filter(([, count]) => count !== 0));
  const ofMoon = {
    'ike-init-in-resp': 1,
    'ike-init-out-req': 1,
    'ike-auth-in-resp': 1,
    'ike-auth-out-req': 1,
    'create-child-in-resp': 1,
    'create-child-out-req': 1,
    'info-in-resp': 2,
    'info-out-req': 2,
  };
  const ofCarol = {
    'ike-auth-out-resp': 1,
    'create-child-in-req': 1,
    'create-child-out-resp': 1,
    'info-in-req': 2,
    'info-out-resp': 2,
  };
  const counters = moon.daemon.control.counters();
  expect(nonZero(counters.global)).toEqual(ofMoon);
  expect(nonZero(counters.of('gw'))).toEqual(ofMoon);
  // Until IKE_AUTH was understood, nobody knows which connection it is.
  expect(nonZero(carol.daemon.control.counters().of('gw'))).toEqual(ofCarol);
  expect(nonZero(carol.daemon.control.counters().global)).toEqual({
    'ike-init-in-req': 1,
    'ike-init-out-resp': 1,
    'ike-auth-in-req': 1,
    ...ofCarol,
  });
});
