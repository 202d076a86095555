import { expect } from 'vitest';
import { ADDRESSES, type PartialPlan, plan, type Side } from '../lab/plan.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { type SharedSites, sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { establish, proveTraffic, takeDown, withTunnel } from './tunnel-run.ts';

/** Networks and identities so many and so long that IKE_AUTH takes more than 700 octets each way. */
const networks = (of: Side): string =>
  [
    ADDRESSES[of][4].net,
    ...Array.from({ length: 3 }, (_, at) => `${of === 'moon' ? '10.11' : '10.12'}.${at}.0/24`),
  ].join();

const child = (own: Side, other: Side) => ({
  local_ts: networks(own),
  remote_ts: networks(other),
});

const LONG = (side: Side): string => `${side}.${'a-long-label.'.repeat(16)}example.org`;

const steady = { retransmit_timeout: '1', retransmit_base: '1', retransmit_tries: 20 };

/** The router loses every IKE message that does not fit a datagram of 576 octets; strongSwan never sends larger ones. */
const SMALL: PartialPlan = {
  identity: { moon: LONG('moon'), sun: LONG('sun') },
  extra: {
    moon: { charon: steady, child: child('moon', 'sun') },
    sun: { charon: { ...steady, fragment_size: 576 }, child: child('sun', 'moon') },
  },
};

const LOSE = `
table inet small {
  chain forward {
    type filter hook forward priority 0;
    udp dport { 500, 4500 } meta length > 576 drop
  }
}`;

describeWith(['lab', ...strongswan.needs], 'a path that loses large datagrams', () => {
  const shared = sharedSites(strongswan);
  for (const initiator of ['moon', 'sun'] as const) overSmallPath(shared, initiator);
});

function overSmallPath(shared: () => SharedSites, initiator: Side): void {
  testWith('lab', `${initiator} initiates, IKE_AUTH in small fragments`, async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(SMALL), {}, async (run) => {
      await sites.router.ok(['nft', '-f', '-'], { input: LOSE });
      await establish(run, initiator);
      const tried = run.moon.log().includes('smaller fragments, the path may drop large ones');
      expect(tried).toBe(initiator === 'moon');
      await proveTraffic(run);
      await takeDown(run, initiator);
    });
  });
}
