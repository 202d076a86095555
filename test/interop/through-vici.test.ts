import { expect } from 'vitest';
import type { CharonGateway } from '../lab/charon-gateway.ts';
import { type PartialPlan, plan } from '../lab/plan.ts';
import { waitFor } from '../lab/wait.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { establish, expectGone, type TunnelRun, withTunnel } from './tunnel-run.ts';

/** Ours and charon's, which answers the same questions. */
interface Both {
  readonly moon: CharonGateway;
  readonly sun: CharonGateway;
}

const both = ({ moon, sun }: TunnelRun): Both => ({ moon, sun: sun as CharonGateway });

/** A script that writes its variables to a file of its verb and connection, and says a word. */
const SCRIPT =
  'env | grep ^PLUTO_ | sort >> /run/updown-$PLUTO_VERB; echo "said $PLUTO_VERB"; exit 1';

function withScript(local: string, remote: string): PartialPlan {
  const child = { updown: SCRIPT, hostaccess: 'yes', rekey_time: '0', life_time: '0' };
  return {
    extra: {
      moon: { child: { ...child, local_ts: local, remote_ts: remote } },
      sun: { child: { ...child, local_ts: remote, remote_ts: local } },
    },
  };
}

/** What the script of a host was run with, one set of variables a run. */
async function runs(gateway: CharonGateway, verb: string): Promise<readonly Map<string, string>[]> {
  const text = (await gateway.host.sh(`cat /run/updown-${verb} 2>/dev/null || true`)).trim();
  const sets: Map<string, string>[] = [];
  for (const line of text === '' ? [] : text.split('\n')) {
    const [name = '', value = ''] = line.split(/=(.*)/s);
    // Sorted, so that every run begins with the same name.
    if (name === 'PLUTO_CONNECTION') sets.push(new Map());
    sets.at(-1)?.set(name, value);
  }
  return sets;
}

/** The same variables as the other end must see them; what is each one's own is left out. */
function mirrored(sets: readonly Map<string, string>[]): readonly object[] {
  const swap = (name: string, icmp: boolean): string => {
    // The type of ICMP is told as the own port, whoever's selector it is in.
    if (icmp && name.endsWith('_PORT')) return name;
    return name
      .replace(/^PLUTO_ME$/, 'PLUTO_peer')
      .replace(/^PLUTO_PEER$/, 'PLUTO_ME')
      .replace(/^PLUTO_peer$/, 'PLUTO_PEER')
      .replace(/^PLUTO_MY_/, 'PLUTO_peer_')
      .replace(/^PLUTO_PEER_/, 'PLUTO_MY_')
      .replace(/^PLUTO_peer_/, 'PLUTO_PEER_');
  };
  return sets.map((set) => {
    const icmp = [...set].some(([name, value]) => name.endsWith('_PROTOCOL') && value === '1');
    return Object.fromEntries([...set].map(([name, value]) => [swap(name, icmp), value]));
  });
}

const OWN = ['PLUTO_REQID', 'PLUTO_UNIQUEID'];
const withoutOwn = (sets: readonly object[]): readonly object[] =>
  sets.map((set) =>
    Object.fromEntries(Object.entries(set).filter(([name]) => !OWN.includes(name))),
  );

/** Keys of a raw dump in their order, sections marked; values left out. */
function keysOf(raw: string): readonly string[] {
  return [...raw.matchAll(/([\w-]+)(?:=| \{)/g)].map(([, key = '']) => key);
}

describeWith('lab', 'the life of SAs, seen through VICI, beside charon', () => {
  const shared = sharedSites(strongswan);

  testWith('lab', 'updown scripts are told what those of charon are told', async () => {
    const { sites, sun } = shared();
    const part = withScript('10.1.0.0/24[tcp/1000-2000],10.1.0.10[icmp/2048]', '10.2.0.0/24');
    await withTunnel(sites, sun, plan(part), {}, async (run) => {
      const gateways = both(run);
      for (const { host } of Object.values(gateways)) await host.sh('rm -f /run/updown-*');
      await establish(run, 'moon');
      expect((await gateways.moon.terminate()).code).toBe(0);
      for (const verb of ['up-client', 'down-client']) {
        const count = async (gateway: CharonGateway) => (await runs(gateway, verb)).length === 2;
        await waitFor(
          `${verb} of both`,
          async () => (await count(gateways.moon)) && (await count(gateways.sun)),
        );
        const [ours, theirs] = [await runs(gateways.moon, verb), await runs(gateways.sun, verb)];
        const sorted = (sets: readonly object[]) =>
          withoutOwn(sets)
            .map((set) => JSON.stringify(set, Object.keys(set).sort()))
            .sort();
        expect(sorted(Object.assign(ours.map((set) => Object.fromEntries(set))))).toEqual(
          sorted(mirrored(theirs)),
        );
        expect(ours[0]?.get('PLUTO_HOST_ACCESS')).toBe('1');
      }
      for (const gateway of Object.values(gateways)) {
        expect(gateway.log()).toMatch(/updown: said up-client$/m);
        expect(gateway.log()).toMatch(/updown: said down-client$/m);
      }
    });
  });

  testWith('lab', 'the stock swanctl says the same to both about what is not there', async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(), {}, async (run) => {
      const gateways = both(run);
      await establish(run, 'moon');
      for (const args of [
        ['--rekey', '--child', 'nope'],
        ['--rekey', '--child', 'net', '--child-id', '99'],
        ['--rekey', '--child', 'net', '--ike', 'nope'],
        ['--rekey', '--ike-id', '99'],
        ['--rekey'],
        ['--terminate', '--child', 'net', '--child-id', '99'],
        ['--terminate', '--child-id', '99'],
        ['--terminate', '--ike', 'nope'],
        ['--terminate', '--child', 'net', '--ike-id', '99'],
        ['--terminate'],
        ['--counters', '--name', 'nope'],
        ['--counters', '--name', 'nope', '--raw'],
        ['--counters', '--reset', '--name', 'nope'],
        ['--list-sas', '--ike', 'nope'],
        ['--list-sas', '--child', 'nope', '--ike-id', '99'],
      ]) {
        const [ours, theirs] = [
          await gateways.moon.swanctl(...args),
          await gateways.sun.swanctl(...args),
        ];
        const said = ({ code, stdout, stderr }: typeof ours) => ({ code, stdout, stderr });
        expect(said(ours), args.join(' ')).toEqual(said(theirs));
      }
      expect(await gateways.moon.swanctlOk('--list-sas')).toMatch(/net: #1, reqid 1, INSTALLED/);
    });
  });

  testWith('lab', 'list-sas and counters have the keys of charon in its order', async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(), {}, async (run) => {
      const { moon, sun: peer } = both(run);
      await establish(run, 'moon');
      const shown = async (gateway: CharonGateway, ...args: readonly string[]) =>
        keysOf(await gateway.swanctlOk(...args, '--raw')).filter((key) => key !== 'initiator');
      expect(await shown(moon, '--list-sas')).toEqual(await shown(peer, '--list-sas'));
      expect(await shown(moon, '--list-sas', '--noblock')).toEqual(await shown(moon, '--list-sas'));
      expect(await shown(moon, '--counters')).toEqual(await shown(peer, '--counters'));
      const pretty = await moon.swanctlOk('--list-sas', '--pretty');
      expect(pretty).toMatch(/^ {6}net-1 \{$/m);
      // What one sends is what the other one gets.
      const numbers = async (gateway: CharonGateway) =>
        new Map(
          [...(await gateway.swanctlOk('--counters')).matchAll(/^ {2}([\w-]+) *: (\d+)$/gm)].map(
            ([, name = '', count = '']) => [name, count] as const,
          ),
        );
      const [ours, theirs] = [await numbers(moon), await numbers(peer)];
      for (const exchange of ['ike-init', 'ike-auth', 'create-child', 'info']) {
        for (const kind of ['req', 'resp']) {
          expect(ours.get(`${exchange}-out-${kind}`)).toBe(theirs.get(`${exchange}-in-${kind}`));
          expect(ours.get(`${exchange}-in-${kind}`)).toBe(theirs.get(`${exchange}-out-${kind}`));
        }
      }
      expect(ours.get('ike-auth-out-req')).toBe('1');
      expect(await moon.swanctlOk('--counters', '--reset')).toBe(
        'reset-counters completed successfully\n',
      );
      expect((await numbers(moon)).get('ike-auth-out-req')).toBe('0');
    });
  });

  testWith('lab', 'every form of rekey replaces what it names, on both sides', async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(), {}, async (run) => {
      const { moon, sun: peer } = both(run);
      await establish(run, 'moon');
      const installed = async (gateway: CharonGateway) =>
        /^gw: #(\d+), ESTABLISHED[\s\S]*net: #(\d+), reqid 1, INSTALLED/m.exec(
          await gateway.swanctlOk('--list-sas'),
        );
      let [ike, child] = [1, 1];
      for (const [args, newIke, newChild] of [
        [() => ['--child', 'net'], 0, 1],
        [() => ['--child-id', String(child)], 0, 1],
        [() => ['--ike', 'gw'], 1, 0],
        [() => ['--ike-id', String(ike)], 1, 0],
        [() => ['--ike', 'gw', '--reauth'], 1, 1],
      ] as const) {
        const done = await moon.swanctlOk('--rekey', ...args());
        expect(done).toBe('rekey completed successfully\n');
        ike += newIke;
        child += newChild;
        await waitFor(`#${ike} and #${child} after ${args().join(' ')}`, async () => {
          const [, ikeId, childId] = (await installed(moon)) ?? [];
          return Number(ikeId) === ike && Number(childId) === child;
        });
      }
      // Told to rekey by the peer's own client, we answer.
      await peer.swanctlOk('--rekey', '--child', 'net');
      await peer.swanctlOk('--rekey', '--ike', 'gw');
      await waitFor('the SAs that the peer made', async () => {
        const [, ikeId, childId] = (await installed(moon)) ?? [];
        return Number(ikeId) === ike + 1 && Number(childId) === child + 1;
      });
      const counters = await moon.swanctlOk('--counters', '--name', 'gw');
      expect(counters).toMatch(/ike-rekey-init +: 2$/m);
      expect(counters).toMatch(/ike-rekey-resp +: 1$/m);
      expect(counters).toMatch(/child-rekey +: 3$/m);
      expect(await peer.establishedCount()).toBe(1);
    });
  });

  testWith('lab', 'every form of terminate closes what it names', async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(), {}, async (run) => {
      const { moon } = both(run);
      await establish(run, 'moon');
      const idOf = async (pattern: RegExp) =>
        pattern.exec(await moon.swanctlOk('--list-sas'))?.[1] ?? '';
      expect(await moon.swanctlOk('--terminate', '--child', 'net')).toMatch(
        /terminate completed successfully\n$/,
      );
      expect(await moon.swanctlOk('--list-sas')).not.toContain('INSTALLED');
      await moon.initiate();
      await moon.swanctlOk('--terminate', '--child-id', await idOf(/net: #(\d+), .*INSTALLED/));
      expect(await moon.swanctlOk('--list-sas')).not.toContain('INSTALLED');
      await moon.initiate();
      await moon.swanctlOk('--terminate', '--ike-id', await idOf(/^gw: #(\d+), ESTABLISHED/m));
      await expectGone(run);
      await moon.initiate();
      await moon.swanctlOk('--terminate', '--ike', 'gw', '--force');
      await expectGone(run);
    });
  });
});
