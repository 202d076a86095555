import { expect, test } from 'vitest';
import { authRound, hostSpec } from '../../support/connections.ts';
import { ip } from '../../support/selectors.ts';
import { explained } from '../explained.ts';
import { connectionOf, pair } from '../pair.ts';
import { World } from '../world.ts';

test('the kernel refuses the SAs', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  carol.kernel.refuse((operation) => (operation === 'addSa' ? 'ENOMEM' : undefined));
  await world.during(moon.initiate('net'));
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    the IKE_SA of 'gw' is established, 'net' is not: there is no proposal in common (0s ago)
      IKE_SA #1: ESTABLISHED, as initiator, 192.0.2.1[4500]...192.0.2.2[4500]
      child net: down
    failed, the last first:
      - 0s ago: we asked 192.0.2.2[4500] for child net, ended in IKE_AUTH
        received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built: the peer accepts none of the proposals of 'net' (ESP:AES_GCM_16_128/NO_EXT_SEQ)
        the peer answered NO_PROPOSAL_CHOSEN
        proposal: ours aes128gcm16, theirs (it does not say)
        => the log of the peer has what it accepts: add one of its proposals to esp_proposals (or ah_proposals) of 'net', or one of ours to its configuration
    "
  `);
  expect(await explained(carol)).toMatchInlineSnapshot(`
    "
    the IKE_SA of 'gw' is established, 'net' is not: the kernel refused (0s ago)
      IKE_SA #1: ESTABLISHED, as responder, 192.0.2.2[4500]...192.0.2.1[4500]
      child net: down
    failed, the last first:
      - 0s ago: 192.0.2.1[4500] asked us for child net, ended in IKE_AUTH
        addSa: ENOMEM (fake kernel)
        we answered NO_PROPOSAL_CHOSEN
        => read the reason and the log of the kernel (dmesg): a module or an algorithm may be missing, or another program uses the same SAs and policies
    "
  `);
});

test('the kernel refuses the trap', async () => {
  await using world = new World();
  const [moon] = await pair(world);
  moon.kernel.refuse((operation) => (operation === 'addPolicy' ? 'ENOMEM' : undefined));
  await moon.daemon.control.install('net', 'gw');
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: the kernel refused (0s ago)
      child net: down
    failed, the last first:
      - 0s ago: not begun for child net
        installing policy 'net' failed: addPolicy: ENOMEM (fake kernel)
        => read the reason and the log of the kernel (dmesg): a module or an algorithm may be missing, or another program uses the same SAs and policies
    "
  `);
  moon.kernel.refuse(() => undefined);
  await moon.daemon.control.install('net', 'gw');
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' waits for traffic that it protects; the last failure: the kernel refused (0s ago)
      child net: trap
    failed, the last first:
      - 0s ago: not begun for child net
        installing policy 'net' failed: addPolicy: ENOMEM (fake kernel)
        => read the reason and the log of the kernel (dmesg): a module or an algorithm may be missing, or another program uses the same SAs and policies
    "
  `);
});

test('limits keep it from being tried, and peers out', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { carolOptions: { initiator_only: true } });
  void moon.initiate('net');
  await world.pass(1000);
  expect(await explained(carol)).toMatchInlineSnapshot(`
    "
    'gw' is down: a limit for what is not established yet was reached (1s ago)
      child net: down
    peers that were refused and may have meant it:
      - 1s ago: 192.0.2.1[500] asked us, ended in IKE_SA_INIT
        initiator_only is set
        => take initiator_only out of strongswan.conf: with it the daemon answers nobody
    "
  `);
});

test('it went down', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  await world.during(moon.initiate('net'));
  await world.pass(60_000);
  await world.during(moon.terminate({ ike: 'gw' }));
  await world.pass(200_000);
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: it was established and ended (3m ago)
      child net: down
    failed, the last first:
      - 200s ago: we asked 192.0.2.2[4500], ended when established
        terminated
    "
  `);
  expect(await explained(carol)).toMatchInlineSnapshot(`
    "
    'gw' is down: it was established and ended (3m ago)
      child net: down
    failed, the last first:
      - 200s ago: 192.0.2.1[4500] asked us, ended when established
        the peer deleted the IKE_SA
        => set dpd_action = restart and close_action = start in its children if it is to come back by itself
    "
  `);
});

test('the peer went away', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonConnection: { dpdDelay: 30 } });
  await world.during(moon.initiate('net'));
  carol.kill();
  await world.settle(() => moon.sas.length === 0);
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: it was established and ended (0s ago)
      child net: down
    failed, the last first:
      - 0s ago: we asked 192.0.2.2[4500], ended when established
        the peer did not answer 6 sends of a request
        => set dpd_action = restart and close_action = start in its children if it is to come back by itself
    "
  `);
});

test('strangers of all kinds leave what is known of the peer', async () => {
  await using world = new World({ keepLadder: false });
  const [moon, carol] = await pair(world, { moonIke: 'aes128-sha256-modp3072' });
  await world.during(moon.initiate('net'));
  const before = carol.daemon.manager.attempts.refused.size;
  for (let n = 0; n < 150; n++) {
    const address = `198.51.${100 + (n >> 7)}.${n & 127}`;
    const dave = await world.host(`dave${n}`, [address]);
    dave.secret('nobody knows');
    await dave.load({
      ...connectionOf({ ike: 'aes128-sha256-modp3072' }, 'moon', 'carol'),
      localAddrs: [hostSpec(address)],
    });
    await world.during(dave.initiate('net'));
  }
  const { attempts } = carol.daemon.manager;
  expect(before).toBe(1);
  expect(attempts.refused.size).toBe(1 + 64);
  expect(attempts.size).toBe(0);
  const said = await explained(carol);
  expect(said).toContain('192.0.2.1[500] asked us');
  expect(said).not.toContain('198.51.');
});

test('there are too many half-open IKE_SAs to begin another', async () => {
  await using world = new World();
  const [moon] = await pair(world, { moonOptions: { init_limit_job_load: 1 } });
  moon.daemon.manager.jobs.queued = 5;
  const never = new AbortController().signal;
  const request = { child: 'net', timeout: 0, initLimits: true };
  const outcome = await moon.daemon.control.initiate(request, () => undefined, never);
  moon.daemon.manager.jobs.queued = 0;
  expect(outcome.ok).toBe(false);
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: a limit for what is not established yet was reached (0s ago)
      child net: down
    failed, the last first:
      - 0s ago: not begun for child net
        establishing CHILD_SA 'net' not possible at the moment due to limits
        => wait until less is under way, or raise the limit in strongswan.conf (charon.init_limit_half_open, init_limit_job_load, block_threshold, ikesa_limit)
    "
  `);
});

test('a refusal is tried again when keyingtries is 0', async () => {
  await using world = new World();
  const [moon] = await pair(world, {
    moonConnection: { keyingTries: 0 },
    carolSecret: 'another one',
  });
  await world.during(moon.initiate('net'));
  await world.pass(60_000);
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down and will be tried again in 59s: the peer answered AUTHENTICATION_FAILED (8s ago)
      => swanctl --initiate tries at once
      IKE_SA #1: CREATED, as initiator, 192.0.2.1[4500]...192.0.2.2[4500], try 6, next in 59s
      child net: down
    failed, the last first:
      - 8s ago, 5 times since 60s ago: we asked 192.0.2.2[4500] for child net, ended in IKE_AUTH
        received AUTHENTICATION_FAILED notify error: the peer does not accept our identity or our proof of it; its log says which
        the peer answered AUTHENTICATION_FAILED
        => only the log of the peer has the reason; check that our identity is the remote.id there, that both sides have the same secret for these identities, and that the identity which we ask for is its own
    "
  `);
});

test('the pool is empty, or the peer asks for no address', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonConnection: { vips: [ip('0.0.0.0')] },
    carolConnection: { pools: ['rw'] },
  });
  await world.during(moon.initiate('net'));
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    the IKE_SA of 'gw' is established, 'net' is not: the peer answered INTERNAL_ADDRESS_FAILURE (0s ago)
      IKE_SA #1: ESTABLISHED, as initiator, 192.0.2.1[4500]...192.0.2.2[4500]
      child net: down
    failed, the last first:
      - 0s ago: we asked 192.0.2.2[4500] for child net, ended in IKE_AUTH
        received INTERNAL_ADDRESS_FAILURE notify, no CHILD_SA built
        the peer answered INTERNAL_ADDRESS_FAILURE
        => the peer has no address for us: enlarge its pool, or take out vips
    "
  `);
  expect(await explained(carol)).toMatchInlineSnapshot(`
    "
    the IKE_SA of 'gw' is established, 'net' is not: no virtual IP was assigned (0s ago)
      IKE_SA #1: ESTABLISHED, as responder, 192.0.2.2[4500]...192.0.2.1[4500]
      child net: down
    failed, the last first:
      - 0s ago: 192.0.2.1[4500] asked us, ended in IKE_AUTH
        no address is left for the peer in the pools of the connection (rw)
        we answered INTERNAL_ADDRESS_FAILURE
        => enlarge the pool, load the one that is missing, or wait until an address is free again
    "
  `);
  await moon.load({ ...connectionOf({}, 'moon', 'carol') });
  await world.during(moon.initiate('net'));
  await world.pass(1000);
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    the IKE_SA of 'gw' is established, 'net' is not: the peer answered FAILED_CP_REQUIRED (1s ago)
      IKE_SA #1: ESTABLISHED, as initiator, 192.0.2.1[4500]...192.0.2.2[4500]
      IKE_SA #2: ESTABLISHED, as initiator, 192.0.2.1[4500]...192.0.2.2[4500]
      child net: down
    failed, the last first:
      - 1s ago: we asked 192.0.2.2[4500] for child net, ended in IKE_AUTH
        received FAILED_CP_REQUIRED notify, no CHILD_SA built
        the peer answered FAILED_CP_REQUIRED
        => the peer assigns virtual IPs: set vips = 0.0.0.0 (or ::)
      - 1s ago: we asked 192.0.2.2[4500] for child net, ended in IKE_AUTH
        received INTERNAL_ADDRESS_FAILURE notify, no CHILD_SA built
        the peer answered INTERNAL_ADDRESS_FAILURE
        => the peer has no address for us: enlarge its pool, or take out vips
    "
  `);
  expect(await explained(carol)).toMatchInlineSnapshot(`
    "
    the IKE_SA of 'gw' is established, 'net' is not: no virtual IP was assigned (1s ago)
      IKE_SA #1: ESTABLISHED, as responder, 192.0.2.2[4500]...192.0.2.1[4500]
      IKE_SA #2: ESTABLISHED, as responder, 192.0.2.2[4500]...192.0.2.1[4500]
      child net: down
    failed, the last first:
      - 1s ago: 192.0.2.1[4500] asked us, ended in IKE_AUTH
        the connection has pools, and the peer asked for no virtual IP
        we answered FAILED_CP_REQUIRED
        => let the peer ask for a virtual IP (vips = 0.0.0.0), or take out pools here
      - 1s ago: 192.0.2.1[4500] asked us, ended in IKE_AUTH
        no address is left for the peer in the pools of the connection (rw)
        we answered INTERNAL_ADDRESS_FAILURE
        => enlarge the pool, load the one that is missing, or wait until an address is free again
    "
  `);
});

test('each connection that a peer may belong to says what keeps it out', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { carolSecret: 'another one' });
  const other = connectionOf({}, 'carol', 'moon');
  await carol.load({
    ...other,
    name: 'keys',
    remote: [{ ...authRound(), class: 'pubkey', auth: 'pubkey' }],
  });
  await world.during(moon.initiate('net'));
  expect(await explained(carol)).toContain('the secrets of the two sides differ');
  expect(await explained(carol, 'keys')).toMatchInlineSnapshot(`
    "
    'keys' is down: the peer authenticates by another method than the configured one (0s ago)
      child net: down
    missing now:
      - no CA certificate is loaded, so no certificate of the peer can be believed
        => put the CA certificate that issued it into the directory x509ca and run swanctl --load-creds, and let the peer send intermediate CAs
    failed, the last first:
      - 0s ago: 192.0.2.1[4500] asked us, ended in IKE_AUTH
        constraint check failed: pubkey authentication is required, 'moon.example.org' used a pre-shared key
        we answered AUTHENTICATION_FAILED
        authentication of the peer: ours pubkey, theirs a pre-shared key
        => let remote.auth here and local.auth of the peer agree: pubkey is asked for, the peer used a pre-shared key
    "
  `);
});
