import { expect } from 'vitest';
import type { Capture } from '../lab/capture.ts';
import { waitFor } from '../lab/wait.ts';
import { peerSuite, type Scenario } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { forcedEncapsulation, hiddenByNat, WE_BEHIND_NAT } from './scenarios.ts';

// The same code as for IPv4 in both daemons, but neither in the kernel nor in the router: one of each kind.
const transport = (['moon', 'sun'] as const)
  .flatMap((hidden) => hiddenByNat(hidden, 6))
  .filter(({ plan, initiator }) => plan?.mode === 'transport' && initiator === 'sun');

/** Who is hidden keeps the translation alive (RFC 3948 section 4). */
const kept: Scenario = {
  ...WE_BEHIND_NAT,
  name: 'IPv6 tunnel mode, hidden by a NAT: moon, with keepalives',
  plan: {
    ...WE_BEHIND_NAT.plan,
    family: 6,
    extra: { moon: { charon: { keep_alive: 1 } }, sun: {} },
  },
  wire: async ({ capture }) => {
    await waitFor('two keepalives', async () => (await keepalives(capture)).length >= 2);
    expect(await keepalives(capture)).not.toContainEqual(expect.stringContaining('IP '));
  },
};

peerSuite(strongswan, [kept, ...transport, ...forcedEncapsulation(6)]);

/** Datagrams of one octet, 0xff, over IPv6: 8 octets of UDP header, of which nine make the length in the IPv6 header. */
function keepalives(capture: Capture): Promise<readonly string[]> {
  return capture.packets('ip6 and udp port 4500 and ip6[4:2] = 9 and ip6[48] = 0xff');
}
