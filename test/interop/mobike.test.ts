import { afterAll, beforeAll, expect } from 'vitest';
import { ADDRESSES, type ExtraSettings, type PartialPlan, plan, type Side } from '../lab/plan.ts';
import { makeSites, type Sites } from '../lab/sites.ts';
import { sleep, waitFor } from '../lab/wait.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { strongswan } from './peers.ts';
import { Stream } from './stream.ts';
import { establish, type TunnelRun, takeDown, withTunnel } from './tunnel-run.ts';
import { at, left, readdress, restore, SECOND, secondWay, TOLERATED } from './two-ways.ts';

const mobile: ExtraSettings = { connection: { mobike: 'yes', local_addrs: '%any' } };
const anybody: ExtraSettings = { connection: { ...mobile.connection, remote_addrs: '%any' } };

/** A plan in which one side opens the IKE_SA and the other takes it from anywhere. */
function mobilePlan(initiator: Side, part: PartialPlan = {}): PartialPlan {
  const extra =
    initiator === 'moon' ? { moon: mobile, sun: anybody } : { moon: anybody, sun: mobile };
  return { extra, ...part };
}

describeWith('lab', 'MOBIKE with strongSwan', () => {
  let sites: Sites;
  beforeAll(async () => {
    sites = await makeSites('mobike');
    for (const side of ['moon', 'sun'] as const) await secondWay(sites.router, sites[side], side);
  });
  afterAll(() => sites[Symbol.asyncDispose]());

  const run = (
    initiator: Side,
    part: PartialPlan,
    body: (run: TunnelRun) => Promise<void>,
  ): Promise<void> =>
    withTunnel(
      sites,
      strongswan.make(sites.sun),
      plan(mobilePlan(initiator, part)),
      {},
      async (tunnel) => {
        try {
          await establish(tunnel, initiator);
          await body(tunnel);
          await takeDown(tunnel, initiator);
        } finally {
          for (const side of ['moon', 'sun'] as const) await restore(sites[side], side);
        }
      },
    );

  for (const initiator of ['moon', 'sun'] as const) {
    for (const mover of ['moon', 'sun'] as const) {
      testWith('lab', `${initiator} initiated, the interface of ${mover} goes down and up`, () =>
        run(initiator, {}, async (tunnel) => {
          const stream = Stream.start(sites.alice, ADDRESSES.sun[4].host);
          await sleep(300);
          await sites[mover].sh('ip link set wan down');
          await waitFor('the SAs on the other way', () => at(tunnel, SECOND[mover].gateway));
          await sleep(300);
          await restore(sites[mover], mover);
          await sleep(700);
          const { lost, received, text } = await stream.stop();
          expect(lost, `${text}${tunnel.moon.log()}`).toBeLessThan(TOLERATED);
          expect(received).toBeGreaterThan(20);
        }),
      );
    }
  }

  for (const mover of ['moon', 'sun'] as const) {
    for (const family of mover === 'moon' ? ([4, 6] as const) : ([4] as const)) {
      testWith('lab', `${mover} initiated, another IPv${family} address in its network`, () =>
        run(mover, { family }, async (tunnel) => {
          const before = ADDRESSES[mover][family].gateway;
          const stream = Stream.start(sites.alice, ADDRESSES.sun[family].host);
          await sleep(300);
          await readdress(sites[mover], mover, family);
          // strongSwan takes the path whose probe is answered first, be it of the other IP version.
          await waitFor('the SAs at another address', () => left(tunnel, before));
          await sleep(500);
          const { lost, received, text } = await stream.stop();
          expect(lost, `${text}${tunnel.moon.log()}`).toBeLessThan(TOLERATED);
          expect(received).toBeGreaterThan(20);
        }),
      );
    }

    testWith('lab', `${mover} initiated over IPv6 and is left with IPv4`, () =>
      run(mover, { family: 6 }, async (tunnel) => {
        const stream = Stream.start(sites.alice, ADDRESSES.sun[6].host);
        await sleep(300);
        await sites[mover].sh(
          `ip address del ${ADDRESSES[mover][6].gateway}/64 dev wan; ip -6 route del default || true`,
        );
        await waitFor('the SAs over IPv4', () => at(tunnel, ADDRESSES[mover][4].gateway), 30_000);
        await sleep(500);
        const { lost, received, text } = await stream.stop();
        expect(lost, `${text}${tunnel.moon.log()}`).toBeLessThan(TOLERATED);
        expect(received).toBeGreaterThan(20);
      }),
    );
  }
});
