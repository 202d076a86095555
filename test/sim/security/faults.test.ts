import { expect, test } from 'vitest';
import { faulty, Tripwire } from '../faulty.ts';
import { pair, places } from '../pair.ts';
import { Puppet } from '../puppet.ts';
import { simCrypto, World } from '../world.ts';

/** Runs one handshake of another client while every call into cryptography may fail; the calls that were made. */
async function handshakeWithFault(call: number): Promise<number> {
  const wire = new Tripwire();
  await using world = new World({ printOnFailure: false });
  const [moon, carol] = await pair(world, {
    carolCrypto: faulty(simCrypto(), wire, 'crypto'),
    carolConnection: { remoteAddrs: [{ kind: 'any', text: '%any' }] },
    moonConnection: { dpdDelay: 10 },
  });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  const victim = new Puppet(world, '198.51.100.9', places.carol.address);
  wire.set(call);
  await victim.init();
  if (victim.outbound !== undefined) await victim.auth();
  const { calls, tripped } = wire;
  wire.set(Number.POSITIVE_INFINITY);
  // The IKE_SA that was there before knows nothing of it.
  await world.pass(25_000);
  expect(moon.established, `call ${call}`).toHaveLength(1);
  expect(carol.established.length, `call ${call}`).toBeGreaterThanOrEqual(1);
  expect(moon.lines).not.toContain('giving up after 5 retransmits');
  if (tripped) expect(carol.lines.join('\n'), `call ${call}`).toContain('injected fault');
  // And the next client is served.
  await world.pass(31_000);
  const next = new Puppet(world, '198.51.100.10', places.carol.address);
  await next.init();
  await next.auth();
  expect(carol.established.length, `call ${call}`).toBeGreaterThanOrEqual(2);
  await world.during(carol.terminate({ ike: 'gw' }, true));
  await world.settle(() => carol.sas.length === 0);
  expect(carol.kernel.empty, `call ${call}`).toBe(true);
  expect(carol.daemon.manager.guard.halfOpen, `call ${call}`).toBe(0);
  return calls;
}

test('SEC-81: an exception at any call into cryptography closes one IKE_SA and no other', async () => {
  const calls = await handshakeWithFault(Number.POSITIVE_INFINITY);
  expect(calls).toBeGreaterThan(10);
  for (let call = 0; call < calls; call++) await handshakeWithFault(call);
});

/** The same where the source of randomness fails at its n-th call. */
async function randomnessFails(call: number): Promise<number> {
  const wire = new Tripwire();
  await using world = new World({ printOnFailure: false });
  const [moon, carol] = await pair(world, {
    carolConnection: { remoteAddrs: [{ kind: 'any', text: '%any' }] },
    moonConnection: { dpdDelay: 10 },
  });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  const bytes = carol.random.bytes.bind(carol.random);
  carol.random.bytes = (length) => {
    wire.pass('randomness');
    return bytes(length);
  };
  const victim = new Puppet(world, '198.51.100.9', places.carol.address);
  wire.set(call);
  // Before there is an IKE_SA it is the socket that contains what its handler throws.
  await victim.init().catch((error: Error) => expect(error.message).toContain('injected fault'));
  if (victim.outbound !== undefined) await victim.auth();
  const { calls } = wire;
  wire.set(Number.POSITIVE_INFINITY);
  await world.pass(56_000);
  expect(moon.established, `call ${call}`).toHaveLength(1);
  const next = new Puppet(world, '198.51.100.10', places.carol.address);
  await next.init();
  await next.auth();
  expect(carol.established.length, `call ${call}`).toBeGreaterThanOrEqual(2);
  await world.during(carol.terminate({ ike: 'gw' }, true));
  await world.settle(() => carol.sas.length === 0);
  expect(carol.kernel.empty, `call ${call}`).toBe(true);
  expect(carol.daemon.manager.guard.halfOpen, `call ${call}`).toBe(0);
  return calls;
}

test('SEC-81: randomness that fails at any call costs one IKE_SA and no other', async () => {
  const calls = await randomnessFails(Number.POSITIVE_INFINITY);
  expect(calls).toBeGreaterThan(1);
  for (let call = 0; call < calls; call++) await randomnessFails(call);
});

test('SEC-81: a kernel that refuses at any call fails one CHILD_SA and leaves nothing', async () => {
  for (const errno of ['ENOMEM', 'EINVAL', 'EPERM', 'EEXIST']) {
    for (let failing = 0; failing < 8; failing++) {
      await using world = new World({ printOnFailure: false });
      const [moon, carol] = await pair(world);
      carol.kernel.refuse((_operation, index) => (index === failing ? errno : undefined));
      const outcome = await world.during(moon.initiate('net'));
      carol.kernel.refuse(() => undefined);
      // Routes are a convenience, and the handshake makes no more than seven calls.
      if (!outcome.ok) {
        expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
        expect([moon.children.length, carol.children.length]).toEqual([0, 0]);
        expect(carol.kernel.empty && moon.kernel.empty, `${errno} ${failing}`).toBe(true);
      }
      await world.during(moon.terminate({ ike: 'gw' }));
      expect(await world.during(moon.initiate('net')), `${errno} ${failing}`).toEqual({ ok: true });
    }
  }
});

test('SEC-81: a kernel that refuses the initiator closes what the peer has set up', async () => {
  for (let failing = 0; failing < 7; failing++) {
    await using world = new World({ printOnFailure: false });
    const [moon, carol] = await pair(world);
    moon.kernel.refuse((operation, index) =>
      index === failing && operation !== 'addRoute' ? 'ENOMEM' : undefined,
    );
    const outcome = await world.during(moon.initiate('net'));
    moon.kernel.refuse(() => undefined);
    await world.pass(10_000);
    expect(moon.children.length, `call ${failing}`).toBe(carol.children.length);
    expect(moon.kernel.sas.size, `call ${failing}`).toBe(carol.kernel.sas.size);
    if (!outcome.ok) expect(moon.kernel.empty && carol.kernel.empty, `call ${failing}`).toBe(true);
  }
});
