import { expect } from 'vitest';
import { CharonGateway } from '../lab/charon-gateway.ts';
import { ADDRESSES, type PartialPlan, plan, type Side } from '../lab/plan.ts';
import { sleep, waitFor } from '../lab/wait.ts';
import { xfrmStates } from '../lab/xfrm.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { type SharedSites, sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { establish, expectGone, proveTraffic, type TunnelRun, withTunnel } from './tunnel-run.ts';

// Our daemon is killed while 100 packets a second cross the tunnel, and a new process goes on.
/** One side asks the other for a sign of life every second. */
function watchedBy(asks: Side): PartialPlan {
  const often = { dpd_delay: '1s' };
  const never = { dpd_delay: '0s' };
  const [moon, sun] = asks === 'moon' ? [often, never] : [never, often];
  const charon = { state_journal: 'yes' };
  return { extra: { moon: { charon, connection: moon }, sun: { connection: sun } } };
}

describeWith(['lab', ...strongswan.needs], `takeover, with ${strongswan.product}`, () => {
  const shared = sharedSites(strongswan);
  for (const initiator of ['moon', 'sun'] as const) survives(shared, initiator);
});

function survives(shared: () => SharedSites, initiator: Side): void {
  testWith(
    'lab',
    `kill -9 of us, who were ${initiator === 'moon' ? 'initiator' : 'responder'}: no packet is lost`,
    async () => {
      const { sites, sun } = shared();
      if (!(sun instanceof CharonGateway)) throw new TypeError('strongSwan is a charon');
      const agreed = plan(watchedBy(initiator));
      await withTunnel(sites, sun, agreed, {}, async (run) => {
        const { moon } = run;
        await establish(run, initiator);
        const before = await spis(run);
        const ping = sites.alice.exec([
          'ping',
          '-q',
          '-i',
          '0.01',
          '-c',
          '800',
          ADDRESSES.sun[4].host,
        ]);
        await sleep(1000);
        await moon.kill();
        await sleep(1000);
        await moon.start(agreed, 'moon');
        expect(moon.log()).toContain('took over IKE_SA gw[1]');
        expect(await spis(run)).toEqual(before);
        const { stdout } = await ping;
        expect(stdout).toMatch(/800 packets transmitted, 800 received/);
        expect(await spis(run)).toEqual(before);
        // Each of the two tests has the DPD of one side.
        const asks = initiator === 'moon' ? moon : sun;
        const answer = /sending DPD request[\s\S]*parsed INFORMATIONAL response/;
        await waitFor('a DPD to be answered', () => answer.test(asks.log()), 10_000);
        await proveTraffic(run);
        for (const gateway of [moon, sun]) {
          expect(await gateway.establishedCount()).toBe(1);
          await rekey(run, gateway);
          await proveTraffic(run);
        }
        const done = await (initiator === 'moon' ? sun : moon).terminate();
        expect(done.code).toBe(0);
        await expectGone(run);
      });
    },
  );
}

/** SPIs in our kernel. */
async function spis({ moon }: TunnelRun): Promise<readonly string[]> {
  return (await xfrmStates(moon.host)).map(({ spi }) => spi).sort();
}

/** One side rekeys the CHILD_SA; our side then lists another one. */
async function rekey({ moon }: TunnelRun, by: CharonGateway): Promise<void> {
  const current = async (): Promise<string | undefined> => {
    const sas = await moon.swanctlOk('--list-sas');
    return /INSTALLED[\s\S]*?in {2}([0-9a-f]{8})/.exec(sas)?.[1];
  };
  const before = await current();
  await by.swanctlOk('--rekey', '--child', 'net');
  await waitFor(`${by.product} to rekey`, async () => {
    const now = await current();
    return now !== undefined && now !== before;
  });
}
