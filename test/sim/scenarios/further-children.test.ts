import { describe, expect, test } from 'vitest';
import type { ChildConfig } from '../../../daemon/config/connection-types.ts';
import { parseProposals } from '../../../daemon/config/proposals-text.ts';
import { find, findNotify } from '../../../daemon/ike/payloads.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import { KeMethod } from '../../../daemon/proto/iana/transforms.ts';
import type { Payload } from '../../../daemon/proto/payload.ts';
import { parseHeader } from '../../../daemon/wire/header.ts';
import { childConfig } from '../../support/connections.ts';
import { ip, ts } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { connectionOf, pair, places } from '../pair.ts';
import { Puppet } from '../puppet.ts';
import type { SimPacket } from '../sim-network.ts';
import { simCrypto, World } from '../world.ts';

const crypto = simCrypto();

/** Children `net` and `net2`, the second one for 10.3/16 behind moon. */
function children(here: 'moon' | 'carol', esp: string): ReadonlyMap<string, ChildConfig> {
  const sides = { moon: ['10.1.0.0/16', '10.3.0.0/16'], carol: ['10.2.0.0/16', '10.2.0.0/16'] };
  const there = here === 'moon' ? 'carol' : 'moon';
  return new Map(
    ['net', 'net2'].map((name, i) => [
      name,
      childConfig(name, {
        proposals: parseProposals('esp', [esp], crypto),
        localTs: [{ kind: 'fixed', selector: ts(sides[here][i] ?? '') }],
        remoteTs: [{ kind: 'fixed', selector: ts(sides[there][i] ?? '') }],
      }),
    ]),
  );
}

async function twoChildren(world: World, moonEsp: string, carolEsp = moonEsp) {
  return await pair(world, {
    moonConnection: { children: children('moon', moonEsp) },
    carolConnection: { children: children('carol', carolEsp) },
  });
}

describe('a further CHILD_SA in the same IKE_SA, RFC 7296 section 1.3.1', () => {
  // moon <-> carol  IKE_SA_INIT, IKE_AUTH for net; then CREATE_CHILD_SA for net2 from either side
  test.each([
    ['without a key exchange', 'aes128gcm16', 'moon'],
    ['without a key exchange', 'aes128gcm16', 'carol'],
    ['with a key exchange of its own', 'aes128gcm16-x25519', 'moon'],
    ['with a key exchange of its own', 'aes128gcm16-x25519', 'carol'],
  ] as const)('%s (%s), asked for by %s', async (_name, esp, asks) => {
    await using world = new World();
    const [moon, carol] = await twoChildren(world, esp);
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    expect(await world.during((asks === 'moon' ? moon : carol).initiate('net2'))).toEqual({
      ok: true,
    });
    for (const host of [moon, carol]) {
      expect(host.established.length).toBe(1);
      expect(host.children.map((child) => child.name).sort()).toEqual(['net', 'net2']);
      const second = host.children.find((child) => child.name === 'net2');
      expect(second?.installed?.algorithms.dhGroup).toBe(
        esp.endsWith('x25519') ? 'CURVE_25519' : undefined,
      );
    }
    const packet = { source: ip('10.3.0.5'), destination: ip('10.2.0.5') };
    expect(carry(moon.kernel, carol.kernel, packet).kind).toBe('protected');
    expect(await world.during(carol.terminate({ ike: 'gw' }))).toMatchObject({ ok: true });
    await world.settle(() => moon.sas.length + carol.sas.length === 0);
    expect(moon.kernel.empty && carol.kernel.empty).toBe(true);
  });

  test('the wrong key exchange method first: INVALID_KE_PAYLOAD, then the one both have', async () => {
    await using world = new World();
    const [moon, carol] = await twoChildren(
      world,
      'aes128gcm16-ecp256-x25519',
      'aes128gcm16-x25519',
    );
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    expect(await world.during(moon.initiate('net2'))).toEqual({ ok: true });
    expect(carol.children.length).toBe(2);
    expect(carol.lines.join('\n')).toContain("doesn't match negotiated CURVE_25519");
  });

  test('no key exchange in common: refused, the first CHILD_SA stays', async () => {
    await using world = new World();
    const [moon, carol] = await twoChildren(world, 'aes128gcm16-ecp256', 'aes128gcm16-x25519');
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    expect(await world.during(moon.initiate('net2'))).toMatchObject({
      ok: false,
      errmsg: expect.stringContaining('NO_PROPOSAL_CHOSEN'),
    });
    expect([moon.children.length, carol.children.length]).toEqual([1, 1]);
  });
});

describe('a DELETE that overtakes the answer which creates its CHILD_SA, RFC 7296 section 2.25', () => {
  // carol -> moon  CREATE_CHILD_SA; moon's answer is held back, moon deletes the CHILD_SA, then the answer arrives
  test('the CHILD_SA never comes to life, neither side keeps it', async () => {
    await using world = new World();
    const [moon, carol] = await twoChildren(world, 'aes128gcm16');
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    const before = carol.kernel.sas.size;
    let held: SimPacket | undefined;
    world.network.intercept = (packet) => {
      const header = parseHeader(packet.data.subarray(packet.destination.port === 4500 ? 4 : 0));
      if (header.exchange !== ExchangeType.CREATE_CHILD_SA || !header.isResponse) return packet;
      held ??= packet;
      return undefined;
    };
    const asked = carol.initiate('net2');
    await world.settle(() => held !== undefined);
    const closed = await world.during(moon.terminate({ child: 'net2' }));
    expect(closed.ok).toBe(true);
    // Carol retransmits, and the stored answer reaches her this time.
    world.network.intercept = undefined;
    const outcome = await world.during(asked);
    expect(outcome).toMatchObject({ ok: false, errmsg: expect.stringContaining('deleted') });
    await world.pass(10_000);
    for (const host of [moon, carol]) {
      expect(host.children.map((child) => child.name)).toEqual(['net']);
      expect(host.kernel.sas.size).toBe(before);
    }
  });
});

describe('CREATE_CHILD_SA requests that are refused', () => {
  async function asked(world: World, payloads: readonly Payload[], esp = 'aes128gcm16-x25519') {
    const moon = await world.host('moon', [places.carol.address, places.carol.inside]);
    moon.secret('a secret that nobody guesses');
    await moon.load(
      connectionOf({ carolConnection: { children: children('carol', esp) } }, 'carol', 'moon'),
    );
    const puppet = new Puppet(world, places.moon.address, places.carol.address);
    await puppet.init();
    await puppet.auth();
    const before = moon.children.length;
    const answer = await puppet.request(ExchangeType.CREATE_CHILD_SA, payloads);
    expect(moon.children.length).toBe(before);
    expect(moon.established.length).toBe(1);
    return answer;
  }

  const spi = Uint8Array.of(1, 2, 3, 4);
  const nonce: Payload = { kind: 'Nonce', data: new Uint8Array(32).fill(7) };
  const offer = (esp: string): Payload => ({
    kind: 'SA',
    proposals: parseProposals('esp', [esp], crypto).map((one) => ({ ...one, number: 1, spi })),
  });
  const selectors: readonly Payload[] = [
    { kind: 'TSi', selectors: [ts('10.3.0.0/16')] },
    { kind: 'TSr', selectors: [ts('10.2.0.0/16')] },
  ];

  test('SEC-35 perfect forward secrecy agreed, but no KE payload', async () => {
    await using world = new World();
    const answer = await asked(world, [offer('aes128gcm16-x25519'), nonce, ...selectors]);
    expect(answer && findNotify(answer, NotifyType.NO_PROPOSAL_CHOSEN)).toBeDefined();
    expect(answer && find(answer, 'SA')).toBeUndefined();
  });

  test('SEC-06 an unusable key exchange value', async () => {
    await using world = new World();
    const ke: Payload = { kind: 'KE', method: KeMethod.CURVE_25519, data: new Uint8Array(32) };
    const answer = await asked(world, [offer('aes128gcm16-x25519'), nonce, ke, ...selectors]);
    expect(answer && findNotify(answer, NotifyType.INVALID_SYNTAX)).toBeDefined();
  });

  test('EX-18 rekeying a CHILD_SA that does not exist, and one of a protocol that has none', async () => {
    for (const protocol of [0, 1, 2, 3]) {
      await using world = new World();
      const type = NotifyType.REKEY_SA;
      const rekey: Payload = { kind: 'Notify', protocol, spi, type, data: new Uint8Array() };
      const answer = await asked(world, [rekey, offer('aes128gcm16'), nonce, ...selectors]);
      const refusal = answer && findNotify(answer, NotifyType.CHILD_SA_NOT_FOUND);
      expect(refusal).toMatchObject({ protocol, spi });
    }
  });
});
