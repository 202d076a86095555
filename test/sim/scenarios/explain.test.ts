import { expect, test } from 'vitest';
import { parseProposals } from '../../../daemon/config/proposals-text.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { authRound, hostSpec } from '../../support/connections.ts';
import { ip, ts } from '../../support/selectors.ts';
import { explained } from '../explained.ts';
import { type PairSetup, pair } from '../pair.ts';
import { simCrypto, World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const id = (text: string) => parseIdentity(text, { allowRegex: true });
const esp = (text: string) => parseProposals('esp', [text], simCrypto());

/** Both sides, three seconds after moon was told to connect, or failed at it. */
async function attempted(
  world: World,
  setup: PairSetup,
): Promise<readonly [moon: WorldHost, carol: WorldHost]> {
  const hosts = await pair(world, setup);
  await world.during(hosts[0].initiate('net'));
  await world.pass(3000);
  return hosts;
}

test('nothing of that name is loaded', async () => {
  await using world = new World();
  const [moon] = await pair(world);
  expect(await explained(moon, 'gv')).toMatchInlineSnapshot(`
    "
    no connection and no child with the name 'gv' is loaded
      => did you mean 'gw'? swanctl --list-conns shows what is loaded
    "
  `);
  expect(await explained(moon, 'something else')).toMatchInlineSnapshot(`
    "
    no connection and no child with the name 'something else' is loaded
      => run swanctl --load-conns, which says what it could not load; swanctl --list-conns shows what is loaded
    "
  `);
});

test('it is up', async () => {
  await using world = new World();
  const [moon] = await attempted(world, {});
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is up
      IKE_SA #1: ESTABLISHED, as initiator, 192.0.2.1[4500]...192.0.2.2[4500]
      child net: INSTALLED
    "
  `);
});

test('nobody has asked for it', async () => {
  await using world = new World();
  const [moon] = await pair(world);
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: nobody has asked for it, neither here nor the peer
      => run swanctl --initiate --child net, or set start_action = start or trap; if the peer is to begin, check that it reaches UDP port 500 here
      child net: down
    "
  `);
});

test('it waits for peers from anywhere', async () => {
  await using world = new World();
  const [moon] = await pair(world, {
    moonConnection: { remoteAddrs: [{ kind: 'any', text: '%any' }] },
  });
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: no peer has asked for it, and remote_addrs names none to connect to
      => run swanctl --initiate --child net, or set start_action = start or trap; if the peer is to begin, check that it reaches UDP port 500 here
      child net: down
    "
  `);
});

test('the peer is silent', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  carol.kill();
  const outcome = moon.initiate('net');
  await world.pass(60_000);
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is being established
      IKE_SA #1: CONNECTING, as initiator, 192.0.2.1[500]...192.0.2.2[500], try 1 of 1
      child net: down
    "
  `);
  await world.during(outcome);
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: the peer did not answer (0s ago)
      child net: down
    failed, the last first:
      - 0s ago: we asked 192.0.2.2[500] for child net, ended in IKE_SA_INIT
        peer 192.0.2.2[500] not responding to IKE_SA_INIT; is it up, reachable, and are UDP ports 500 and 4500 open?
        => it was sent 6 times: check that 192.0.2.2[500] is the peer, that its IKE daemon runs and that nothing on the way blocks UDP ports 500 and 4500; a responder may also drop what it has no connection for
    "
  `);
});

test('the peer falls silent before IKE_AUTH', async () => {
  await using world = new World();
  const [moon] = await pair(world);
  world.network.intercept = (packet) => (packet.data[22] === 35 ? undefined : [packet]);
  await world.during(moon.initiate('net'));
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: the peer did not answer (0s ago)
      child net: down
    failed, the last first:
      - 0s ago: we asked 192.0.2.2[4500] for child net, ended in IKE_AUTH
        peer 192.0.2.2[4500] not responding to IKE_AUTH; is it up, reachable, and are UDP ports 500 and 4500 open?
        => IKE_SA_INIT was answered, IKE_AUTH was sent 6 times: let UDP port 4500 through in both directions, keep fragmentation = yes, and read the log of the peer
    "
  `);
});

test('the initiator falls silent before IKE_AUTH', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  world.network.intercept = (packet) => (packet.data[22] === 35 ? undefined : [packet]);
  await world.during(moon.initiate('net'));
  expect(await explained(carol)).toMatchInlineSnapshot(`
    "
    'gw' is down: the peer began and did not go on (2m ago)
      child net: down
    peers that were refused and may have meant it:
      - 135s ago: 192.0.2.1[500] asked us, ended in IKE_AUTH
        the peer did not complete the initial exchanges in time
        => the peer did not like or did not get our answer: read its log, and check that UDP ports 500 and 4500 are open from here to 192.0.2.1[500]
    "
  `);
});

test('there is no route', async () => {
  await using world = new World();
  const [moon] = await pair(world, { moonConnection: { localAddrs: [] } });
  moon.readdress('2001:db8::1');
  await world.during(moon.initiate('net'));
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: the kernel knows no way to the peer (0s ago)
      child net: down
    failed, the last first:
      - 0s ago: not begun for child net
        no route to 192.0.2.2; check the addresses and routes of this host
        => see what "ip route get 192.0.2.2" says and add a route, or correct remote_addrs and local_addrs
    "
  `);
});

test('the name of the peer does not resolve, and it is tried again', async () => {
  await using world = new World();
  const [moon] = await pair(world, {
    moonConnection: { remoteAddrs: [{ kind: 'name', text: 'carol.example.org' }] },
    moonOptions: { retry_initiate_interval: 60 },
  });
  void moon.initiate('net');
  await world.pass(10_000);
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down and will be tried again in 50s: a name has no address (10s ago)
      => swanctl --initiate tries at once
      IKE_SA #1: CREATED, as initiator, 0.0.0.0[500]...0.0.0.0[500], try 1 of 1, next in 50s
      child net: down
    missing now:
      - the name 'carol.example.org' in remote_addrs has no address now
        => check the spelling of the name and that DNS answers on this host, or write an address instead
    failed, the last first:
      - 10s ago: not begun for child net
        no address to connect to in remote_addrs of 'gw' (carol.example.org)
        => check the spelling of the name and that DNS answers on this host, or write an address instead
    "
  `);
  moon.names.set('carol.example.org', [ip('192.0.2.2')]);
  await world.pass(60_000);
  expect(await explained(moon)).toContain("'gw' is up");
});

test('no IKE proposal in common', async () => {
  await using world = new World();
  const [moon, carol] = await attempted(world, {
    moonIke: 'aes128-sha256-modp3072',
    carolIke: 'aes256gcm16-prfsha384-ecp384,aes128-sha256-x25519',
  });
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: there is no proposal in common (3s ago)
      child net: down
    failed, the last first:
      - 3s ago: we asked 192.0.2.2[500] for child net, ended in IKE_SA_INIT
        received NO_PROPOSAL_CHOSEN notify error: the peer accepts none of our IKE proposals (IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_3072)
        the peer answered NO_PROPOSAL_CHOSEN
        proposal: ours aes128-sha256-modp3072, theirs (it does not say)
        => the log of the peer has what it accepts: add one of its proposals to proposals of 'gw', or one of ours to its configuration
    "
  `);
  expect(await explained(carol)).toMatchInlineSnapshot(`
    "
    'gw' is down: there is no proposal in common (3s ago)
      child net: down
    peers that were refused and may have meant it:
      - 3s ago: 192.0.2.1[500] asked us, ended in IKE_SA_INIT
        nearest is configured IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/CURVE_25519 with received proposal 1, which differ in KE (configured CURVE_25519, received MODP_3072)
        we answered NO_PROPOSAL_CHOSEN
        proposal: ours aes128-sha256-x25519, theirs aes128-sha256-modp3072
        key exchange: ours x25519, theirs modp3072
        => allow key exchange modp3072 in proposals of 'gw', or change the proposals of the peer
    "
  `);
});

test('the peer wants a key exchange that we do not offer', async () => {
  await using world = new World();
  const [moon] = await pair(world, {
    moonIke: 'aes128-sha256-x25519',
    carolIke: 'aes128-sha256-x25519',
  });
  world.network.intercept = (packet) => {
    if (packet.data[18] !== 34 || packet.from !== 'carol') return [packet];
    // HDR, N(INVALID_KE_PAYLOAD): 19, secp256r1
    const answer = packet.data.slice(0, 38);
    answer.set([41], 16);
    answer.set([0, 0, 0, 38, 0, 0, 0, 10, 0, 0, 0, 17, 0, 19], 24);
    return [{ ...packet, data: answer }];
  };
  await world.during(moon.initiate('net'));
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: there is no proposal in common (0s ago)
      child net: down
    failed, the last first:
      - 0s ago: we asked 192.0.2.2[500] for child net, ended in IKE_SA_INIT
        peer didn't accept key exchange method CURVE_25519, it requested ECP_256, which we do not offer; add it to the proposals of 'gw'
        the peer answered INVALID_KE_PAYLOAD
        key exchange: ours x25519, theirs ecp256
        => allow key exchange ecp256, which the peer asks for, in proposals of 'gw', or change the proposals of the peer
    "
  `);
});

test('no ESP proposal in common', async () => {
  await using world = new World();
  const [moon, carol] = await attempted(world, {
    moonChild: { proposals: esp('aes128-sha256') },
    carolChild: { proposals: esp('aes256-sha256') },
  });
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    the IKE_SA of 'gw' is established, 'net' is not: there is no proposal in common (3s ago)
      IKE_SA #1: ESTABLISHED, as initiator, 192.0.2.1[4500]...192.0.2.2[4500]
      child net: down
    failed, the last first:
      - 3s ago: we asked 192.0.2.2[4500] for child net, ended in IKE_AUTH
        received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built: the peer accepts none of the proposals of 'net' (ESP:AES_CBC_128/HMAC_SHA2_256_128/NO_EXT_SEQ)
        the peer answered NO_PROPOSAL_CHOSEN
        proposal: ours aes128-sha256, theirs (it does not say)
        => the log of the peer has what it accepts: add one of its proposals to esp_proposals (or ah_proposals) of 'net', or one of ours to its configuration
    "
  `);
  expect(await explained(carol)).toMatchInlineSnapshot(`
    "
    the IKE_SA of 'gw' is established, 'net' is not: there is no proposal in common (3s ago)
      IKE_SA #1: ESTABLISHED, as responder, 192.0.2.2[4500]...192.0.2.1[4500]
      child net: down
    failed, the last first:
      - 3s ago: 192.0.2.1[4500] asked us for child net, ended in IKE_AUTH
        nearest is configured ESP:AES_CBC_256/HMAC_SHA2_256_128/NO_EXT_SEQ with received proposal 1, which differ in ENCR (configured AES_CBC_256, received AES_CBC_128)
        we answered NO_PROPOSAL_CHOSEN
        proposal: ours aes256-sha256, theirs aes128-sha256
        encryption: ours aes256, theirs aes128
        => allow encryption aes128 in esp_proposals (or ah_proposals) of 'net', or change the proposals of the peer
    "
  `);
});

test('the traffic selectors do not fit', async () => {
  await using world = new World();
  const [moon, carol] = await attempted(world, {
    carolChild: { localTs: [{ kind: 'fixed', selector: ts('10.77.0.0/25') }] },
  });
  expect(await explained(moon, 'net')).toMatchInlineSnapshot(`
    "
    the IKE_SA of 'gw' is established, 'net' is not: the traffic selectors have nothing in common (3s ago)
      IKE_SA #1: ESTABLISHED, as initiator, 192.0.2.1[4500]...192.0.2.2[4500]
      child net: down
    failed, the last first:
      - 3s ago: we asked 192.0.2.2[4500] for child net, ended in IKE_AUTH
        received TS_UNACCEPTABLE notify, no CHILD_SA built: the peer has no child for 10.1.0.0/16 === 10.2.0.0/16
        the peer answered TS_UNACCEPTABLE
        traffic selectors: ours 10.1.0.0/16 === 10.2.0.0/16, theirs (it does not say)
        => let local_ts and remote_ts of 'net' overlap with what the peer has: its remote_ts are our local_ts and the other way round
    "
  `);
  expect(await explained(carol)).toMatchInlineSnapshot(`
    "
    the IKE_SA of 'gw' is established, 'net' is not: the traffic selectors have nothing in common (3s ago)
      IKE_SA #1: ESTABLISHED, as responder, 192.0.2.2[4500]...192.0.2.1[4500]
      child net: down
    failed, the last first:
      - 3s ago: 192.0.2.1[4500] asked us, ended in IKE_AUTH
        traffic selectors 10.2.0.0/16 === 10.1.0.0/16 unacceptable
        we answered TS_UNACCEPTABLE
        selectors of 'net': ours 10.77.0.0/25 === 10.1.0.0/16, theirs 10.2.0.0/16 === 10.1.0.0/16
        => let local_ts and remote_ts of a child overlap with what the peer asks for: its remote_ts are our local_ts and the other way round
    "
  `);
});

test('the secrets differ, and are not told', async () => {
  await using world = new World();
  const [moon, carol] = await attempted(world, {
    secret: 'correct-horse',
    carolSecret: 'battery-staple',
  });
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: the peer answered AUTHENTICATION_FAILED (3s ago)
      child net: down
    failed, the last first:
      - 3s ago: we asked 192.0.2.2[4500] for child net, ended in IKE_AUTH
        received AUTHENTICATION_FAILED notify error: the peer does not accept our identity or our proof of it; its log says which
        the peer answered AUTHENTICATION_FAILED
        => only the log of the peer has the reason; check that our identity is the remote.id there, that both sides have the same secret for these identities, and that the identity which we ask for is its own
    "
  `);
  expect(await explained(carol)).toMatchInlineSnapshot(`
    "
    'gw' is down: the secrets of the two sides differ (3s ago)
      child net: down
    failed, the last first:
      - 3s ago: 192.0.2.1[4500] asked us, ended in IKE_AUTH
        tried 1 shared key for 'carol.example.org' - 'moon.example.org', but MAC mismatched: the secrets of the two sides differ
        we answered AUTHENTICATION_FAILED
        => write the same secret on both sides and run swanctl --load-creds there; look at quotes, blanks at the end and the prefixes 0x and 0s
    "
  `);
  for (const host of [moon, carol]) {
    expect(await explained(host)).not.toMatch(/correct-horse|battery-staple/);
  }
});

test('there is no secret', async () => {
  await using world = new World();
  const [moon, carol] = await attempted(world, { carolSecret: undefined });
  expect(await explained(carol)).toMatchInlineSnapshot(`
    "
    'gw' is down: no secret is loaded for the two identities (3s ago)
      child net: down
    missing now:
      - no shared key is loaded for 'carol.example.org' - 'moon.example.org'
        => add an ike secret whose ids are these two identities (or that has no ids) to secrets { } and run swanctl --load-creds
    failed, the last first:
      - 3s ago: 192.0.2.1[4500] asked us, ended in IKE_AUTH
        no shared key found for 'carol.example.org' - 'moon.example.org'; load a secret of type ike whose ids match these two identities
        we answered AUTHENTICATION_FAILED
        => add an ike secret whose ids are these two identities (or that has no ids) to secrets { } and run swanctl --load-creds
    "
  `);
  carol.secret('for others', 'dave.example.org');
  expect(await explained(carol)).toContain("no shared key is loaded for 'carol.example.org'");
  expect(await explained(moon)).toContain('the peer answered AUTHENTICATION_FAILED');
  await moon.daemon.sharedKeys.clear();
  expect(await explained(moon)).toContain('missing now:\n  - no shared key is loaded for');
});

test('the peer is somebody else', async () => {
  await using world = new World();
  const [moon, carol] = await attempted(world, {
    moonConnection: { remote: [authRound({ id: id('dave.example.org') })] },
    carolConnection: { remote: [authRound({ id: id('erin.example.org') })] },
  });
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: the peer answered AUTHENTICATION_FAILED (3s ago)
      child net: down
    failed, the last first:
      - 3s ago: we asked 192.0.2.2[4500] for child net, ended in IKE_AUTH
        received AUTHENTICATION_FAILED notify error: the peer does not accept our identity or our proof of it; its log says which
        the peer answered AUTHENTICATION_FAILED
        => only the log of the peer has the reason; check that our identity is the remote.id there, that both sides have the same secret for these identities, and that the identity which we ask for is its own
    "
  `);
  expect(await explained(carol)).toMatchInlineSnapshot(`
    "
    'gw' is down: no connection fits the addresses and identities (3s ago)
      child net: down
    peers that were refused and may have meant it:
      - 3s ago: 192.0.2.1[4500] ('moon.example.org') asked us, ended in IKE_AUTH
        no matching peer config found for 192.0.2.2[dave.example.org]...192.0.2.1[moon.example.org]; no loaded connection fits these addresses and identities
        we answered AUTHENTICATION_FAILED
        identity of the peer: ours erin.example.org, theirs moon.example.org
        our identity: ours carol.example.org, theirs dave.example.org
        => change it here or there: identity of the peer is moon.example.org, configured is erin.example.org; our identity is dave.example.org, configured is carol.example.org
    "
  `);
});

test('the peer comes from another address than the configured one', async () => {
  await using world = new World();
  const [, carol] = await attempted(world, {
    carolConnection: { remoteAddrs: [hostSpec('203.0.113.7')] },
  });
  expect(await explained(carol)).toMatchInlineSnapshot(`
    "
    'gw' is down: no connection fits the addresses and identities (3s ago)
      child net: down
    peers that were refused and may have meant it:
      - 3s ago: 192.0.2.1[500] asked us, ended in IKE_SA_INIT
        no IKE config found for 192.0.2.2...192.0.2.1
        we answered NO_PROPOSAL_CHOSEN
        address of the peer: ours 203.0.113.7, theirs 192.0.2.1
        => change it here or there: address of the peer is 192.0.2.1, configured is 203.0.113.7
    "
  `);
});
