import { expect } from 'vitest';
import { type PartialPlan, plan, type Side } from '../lab/plan.ts';
import { waitFor } from '../lab/wait.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { fragmentCount } from './on-the-wire.ts';
import { peerSuite, type Scenario, sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { lossy } from './scenarios.ts';
import { establish, proveTraffic, type TunnelRun, takeDown, withTunnel } from './tunnel-run.ts';

const CLASSIC = 'aes128gcm16-prfsha256-x25519';
const HYBRID = `${CLASSIC}-ke1_mlkem768`;
const THREE = 'aes256-sha384-ecp384-ke1_mlkem1024-ke2_x25519';

/** IKE proposals of both sides, or of each. */
function proposing(moon: string, sun: string = moon, more: PartialPlan = {}): PartialPlan {
  const of = (side: Side, proposals: string) => ({
    ...more.extra?.[side],
    connection: { ...more.extra?.[side].connection, proposals },
  });
  return { ...more, extra: { moon: of('moon', moon), sun: of('sun', sun) } };
}

const bothWays = (scenario: Omit<Scenario, 'initiator'>): readonly Scenario[] => [
  { ...scenario, initiator: 'moon', terminator: 'sun' },
  { ...scenario, initiator: 'sun', terminator: 'moon' },
];

const LISTED = ['CURVE_25519/KE1_ML_KEM_768'];

peerSuite(strongswan, [
  ...bothWays({ name: 'X25519 with ML-KEM-768', plan: proposing(HYBRID), listed: LISTED }),
  ...bothWays({
    name: 'P-384 with ML-KEM-1024 and X25519',
    plan: proposing(THREE),
    listed: ['ECP_384/KE1_ML_KEM_1024/KE2_CURVE_25519'],
  }),
  ...bothWays({
    name: 'X25519 with ML-KEM-768 in datagrams of 300 octets',
    plan: proposing(HYBRID, HYBRID, { smallFragments: true }),
    listed: LISTED,
    wire: async ({ capture }) => expect(await fragmentCount(capture)).toBeGreaterThanOrEqual(10),
  }),
  ...bothWays({
    name: 'an additional exchange that we leave to the peer, which has none',
    plan: proposing(`${HYBRID}-ke1_none`, CLASSIC),
    listed: ['PRF_HMAC_SHA2_256/CURVE_25519\n'],
  }),
  ...bothWays({
    name: 'an additional exchange that the peer leaves to us, and we want it',
    plan: proposing(HYBRID, `${HYBRID}-ke1_none`),
    listed: LISTED,
  }),
  {
    name: 'X25519 with ML-KEM-768 through a NAT',
    plan: proposing(HYBRID, HYBRID, { hidden: 'moon' }),
    initiator: 'moon',
    listed: [...LISTED, '[4500]'],
  },
  ...(['moon', 'sun'] as const).map((initiator): Scenario => {
    const scenario = lossy(initiator);
    return {
      ...scenario,
      name: `X25519 with ML-KEM-768, ${scenario.name}`,
      plan: proposing(HYBRID, HYBRID, scenario.plan),
      listed: LISTED,
    };
  }),
]);

describeWith('lab', 'additional key exchanges that do not fit', () => {
  const shared = sharedSites(strongswan);

  const MISFITS = [
    ['the peer has none', HYBRID, CLASSIC, /ADDKE1 \(configured KE1_ML_KEM_768, received none\)/],
    ['we have none', CLASSIC, HYBRID, /ADDKE1 \(configured none, received KE1_ML_KEM_768\)/],
    [
      'the methods differ',
      HYBRID,
      `${CLASSIC}-ke1_mlkem512`,
      /ADDKE1 \(configured KE1_ML_KEM_768, received KE1_ML_KEM_512\)/,
    ],
  ] as const;

  for (const [name, moon, sun, said] of MISFITS) {
    testWith('lab', `${name}; we initiate`, async () => {
      const { sites, sun: peer } = shared();
      await withTunnel(sites, peer, plan(proposing(moon, sun)), {}, async (run) => {
        const done = await run.moon.initiate();
        expect(done.code).toBe(1);
        expect(done.stderr).toMatch(/^initiate failed: .*NO_PROPOSAL_CHOSEN/m);
      });
    });

    testWith('lab', `${name}; the peer initiates`, async () => {
      const { sites, sun: peer } = shared();
      await withTunnel(sites, peer, plan(proposing(moon, sun)), {}, async (run) => {
        expect((await peer.initiate()).code).toBe(1);
        await waitFor(`${said} in our log`, () => said.test(run.moon.log()), 5000);
      });
    });
  }

  for (const rekeyer of ['moon', 'sun'] as const) {
    testWith('lab', `an IKE_SA of two key exchanges is rekeyed by ${rekeyer}`, async () => {
      const { sites, sun: peer } = shared();
      await withTunnel(sites, peer, plan(proposing(HYBRID)), {}, async (run: TunnelRun) => {
        await establish(run, 'moon');
        const before = await run.moon.swanctlOk('--list-sas');
        if (rekeyer === 'moon') await run.moon.swanctlOk('--rekey', '--ike', 'gw');
        else await run.sun.host.ok(['swanctl', '--rekey', '--ike', 'gw']);
        const spis = (text: string) => /[0-9a-f]{16}_i/.exec(text)?.[0];
        await waitFor('other SPIs', async () => {
          const now = await run.moon.swanctlOk('--list-sas');
          return spis(now) !== spis(before) && now.includes('KE1_ML_KEM_768');
        });
        await proveTraffic(run);
        await takeDown(run, 'sun');
      });
    });
  }
});
