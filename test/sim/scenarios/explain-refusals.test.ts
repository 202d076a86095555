import { expect, test } from 'vitest';
import { hostSpec } from '../../support/connections.ts';
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
  for (let n = 0; n < 300; n++) {
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
