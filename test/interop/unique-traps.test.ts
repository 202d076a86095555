import { expect } from 'vitest';
import type { ConfTree } from '../lab/conf-text.ts';
import { ADDRESSES, plan } from '../lab/plan.ts';
import { waitFor } from '../lab/wait.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { type TunnelRun, withTunnel } from './tunnel-run.ts';

const BOB = ADDRESSES.sun[4].host;

interface Case {
  readonly child: ConfTree;
  /** What all policies must show. */
  readonly shown: string;
  /** Leads what alice sends to the policies of that mark or interface. */
  readonly lead: string;
}

const CASES: Readonly<Record<string, Case>> = {
  'mark_in = mark_out = %unique': {
    // Whatever comes out of the tunnel has the mark that its policies want.
    child: { mark_in: '%unique', mark_out: '%unique', set_mark_in: '%same' },
    shown: 'mark 0x1/0xffffffff',
    lead: `nft add table ip lab
nft 'add chain ip lab pre { type filter hook prerouting priority mangle; }'
nft add rule ip lab pre iifname lan meta mark set 1`,
  },
  'if_id_in = if_id_out = %unique': {
    child: { if_id_in: '%unique', if_id_out: '%unique' },
    shown: 'if_id 0x1',
    lead: `ip link add tunnel type xfrm dev wan if_id 1
ip link set tunnel up
ip route add ${ADDRESSES.sun[4].net} dev tunnel`,
  },
};

// strongSwan gives the CHILD_SA other numbers than the trap that asks for it, so that it takes none of the trap's packets.
describeWith('lab', 'traps with numbers of their own, with strongSwan', () => {
  const shared = sharedSites(strongswan);
  for (const [name, { child, shown, lead }] of Object.entries(CASES)) {
    testWith('lab', `${name}: a packet gets the CHILD_SA of the trap, time and again`, async () => {
      const { sites, sun } = shared();
      const extra = { moon: { child: { ...child, start_action: 'trap' } }, sun: {} };
      await withTunnel(sites, sun, plan({ extra }), {}, async (run) => {
        const { moon } = run;
        await moon.host.sh(lead);
        await expectNumbers(run, shown);
        for (const round of [1, 2]) {
          await waitFor(`an answer, round ${round}`, async () => {
            const ping = await sites.alice.exec(['ping', '-c', '1', '-W', '1', BOB]);
            return ping.code === 0;
          });
          await expectNumbers(run, shown);
          expect((await moon.swanctlOk('--list-sas')).match(/reqid 1, INSTALLED/g)).toHaveLength(1);
          await moon.swanctlOk('--terminate', '--child', 'net');
          await expectNumbers(run, shown);
        }
      });
    });
  }
});

/** Policies of our kernel: three, be they of the trap or of its CHILD_SA, each of them with this. */
async function expectNumbers({ moon }: TunnelRun, shown: string): Promise<void> {
  const text = await moon.host.ok(['ip', 'xfrm', 'policy', 'list', 'nosock']);
  const policies = text.split(/^(?=src )/m);
  expect(policies, text).toHaveLength(3);
  expect(policies.filter((policy) => !policy.includes(shown))).toEqual([]);
}
