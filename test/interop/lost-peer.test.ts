import { expect } from 'vitest';
import { type PartialPlan, plan } from '../lab/plan.ts';
import { waitFor } from '../lab/wait.ts';
import { xfrmPolicyCount, xfrmStates } from '../lab/xfrm.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { type PeerKind, type SharedSites, sharedSites } from './peer-suite.ts';
import { libreswan, openiked, strongswan } from './peers.ts';
import { establish, isGone, proveTraffic, takeDown, withTunnel } from './tunnel-run.ts';

// checks every second, and gives up about two seconds later
const impatient = {
  charon: { retransmit_timeout: '0.5', retransmit_base: '1', retransmit_tries: 3 },
  connection: { dpd_delay: '1s' },
};
const watchful: PartialPlan = { dpdDelay: 1, extra: { moon: impatient, sun: impatient } };

lostPeerSuite(strongswan, watchful, [peerIsKilled, peerFindsOut, newStart]);
// libreswan keeps the old IKE_SA beside the new one in spite of INITIAL_CONTACT
lostPeerSuite(libreswan, watchful, [peerIsKilled, peerFindsOut]);
// OpenIKED repeats a liveness check for more than two minutes
lostPeerSuite(openiked, { ...watchful, esp: 'aes128-sha512' }, [peerIsKilled]);

type LossTest = (shared: () => SharedSites, part: PartialPlan) => void;

function lostPeerSuite(kind: PeerKind, part: PartialPlan, tests: readonly LossTest[]): void {
  describeWith(['lab', ...kind.needs], `with ${kind.product}`, () => {
    const shared = sharedSites(kind);
    for (const define of tests) define(shared, part);
  });
}

function peerIsKilled(shared: () => SharedSites, part: PartialPlan): void {
  testWith('lab', 'kill -9 of the peer: DPD finds out and removes the tunnel', async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(part), {}, async (run) => {
      await establish(run, 'moon');
      await proveTraffic(run);
      await sun.kill();
      await waitFor('us to give up the peer', () => isGone([run.moon]), 30_000);
      expect(await run.moon.swanctlOk('--list-sas')).toBe('');
      expect(await xfrmPolicyCount(run.moon.host)).toBe(0);
      await waitFor('a line in our log', () =>
        run.moon.log().includes('giving up after 3 retransmits'),
      );
    });
  });
}

function peerFindsOut(shared: () => SharedSites, part: PartialPlan): void {
  testWith('lab', 'kill -9 of us: the peer finds out by DPD', async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(part), {}, async (run) => {
      await establish(run, 'moon');
      await run.moon.kill();
      const isAlone = async (): Promise<boolean> => (await sun.establishedCount()) === 0;
      await waitFor('the peer to give us up', isAlone, 60_000);
    });
  });
}

function newStart(shared: () => SharedSites): void {
  testWith(
    'lab',
    'kill -9 of us: a new start clears the old state and connects again',
    async () => {
      const { sites, sun } = shared();
      const calm = plan();
      await withTunnel(sites, sun, calm, {}, async (run) => {
        await establish(run, 'moon');
        await addForeignState(run.moon.host);
        await run.moon.kill();
        expect((await xfrmStates(run.moon.host)).length).toBe(3);

        await run.moon.start(calm, 'moon');
        const left = await xfrmStates(run.moon.host);
        expect(left.map(({ spi }) => spi)).toEqual([FOREIGN_SPI]);
        // They hold the traffic until it is clear that nothing of the new configuration takes their place.
        expect(await xfrmPolicyCount(run.moon.host)).toBe(3);
        const gone = async (): Promise<boolean> => (await xfrmPolicyCount(run.moon.host)) === 0;
        await waitFor('the policies to go', gone, 15_000);
        await run.moon.host.ok(['ip', 'xfrm', 'state', 'flush']);

        await establish(run, 'moon');
        await proveTraffic(run);
        // INITIAL_CONTACT (RFC 7296 section 2.4) made the peer forget the old IKE_SA
        const keepsOne = async (): Promise<boolean> => (await sun.establishedCount()) === 1;
        await waitFor('the peer to keep one IKE_SA', keepsOne);
        await takeDown(run, 'moon');
      });
    },
  );
}

const FOREIGN_SPI = '0x00001234';

/** An SA that is not ours, and that no start of ours may touch. */
async function addForeignState(host: SharedSites['sites']['moon']): Promise<void> {
  const ends = ['src', '203.0.113.1', 'dst', '203.0.113.2', 'proto', 'esp', 'spi', FOREIGN_SPI];
  await host.ok([
    'ip',
    'xfrm',
    'state',
    'add',
    ...ends,
    'mode',
    'tunnel',
    'enc',
    'ecb(cipher_null)',
    '',
  ]);
}
