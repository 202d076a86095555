import type { CharonGateway } from '../lab/charon-gateway.ts';
import { plan } from '../lab/plan.ts';
import { waitFor } from '../lab/wait.ts';
import { xfrmStates } from '../lab/xfrm.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { establish, proveTraffic, takeDown, withTunnel } from './tunnel-run.ts';

describeWith('lab', 'rekeying in transport mode across a NAT, with strongSwan', () => {
  const shared = sharedSites(strongswan);
  for (const hidden of ['moon', 'sun'] as const) {
    testWith('lab', `${hidden} behind the NAT, rekeyed by both sides`, async () => {
      const { sites, sun } = shared();
      const peer = sun as CharonGateway;
      // What was replaced goes after a second instead of five.
      const soon = { charon: { delete_rekeyed_delay: 1 } };
      const extra = { moon: soon, sun: soon };
      await withTunnel(sites, sun, plan({ hidden, mode: 'transport', extra }), {}, async (run) => {
        await establish(run, hidden);
        for (const side of [run.moon, peer]) {
          const before = (await xfrmStates(sites.moon)).map(({ spi }) => spi);
          await side.swanctlOk('--rekey', '--child', 'net');
          await waitFor(`new SAs, asked for by ${side.product}`, async () => {
            const both = [await xfrmStates(sites.moon), await xfrmStates(sites.sun)];
            return both.every(
              (states) => states.length === 2 && states.every(({ spi }) => !before.includes(spi)),
            );
          });
          await proveTraffic(run);
        }
        await takeDown(run, 'moon');
      });
    });
  }
});
