import { expect, test } from 'vitest';
import { parseProposals } from '../../../daemon/config/proposals-text.ts';
import { hostSpec } from '../../support/connections.ts';
import { connectionOf, pair } from '../pair.ts';
import { simCrypto, World } from '../world.ts';

const ike = (text: string) => parseProposals('ike', [text], simCrypto());

test('without common proposal the log names the nearest of all connections, not of the first', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonIke: 'aes128gcm16-prfsha256-x25519',
    carolIke: 'aes256-sha384-modp4096',
  });
  const near = connectionOf({}, 'carol', 'moon');
  await carol.load({ ...near, name: 'near', proposals: ike('aes128gcm16-prfsha256-ecp384') });
  expect((await world.during(moon.initiate('net'))).ok).toBe(false);
  const said = carol.lines.find((line) => line.startsWith('no acceptable proposal found'));
  expect(said).toContain('ECP_384');
  expect(said).not.toContain('MODP_4096');
});

test('without a connection for these addresses the log says which addresses', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    carolConnection: { remoteAddrs: [hostSpec('203.0.113.7')] },
  });
  expect((await world.during(moon.initiate('net'))).ok).toBe(false);
  expect(carol.lines.join('\n')).toContain('no IKE config found for 192.0.2.2...192.0.2.1');
});
