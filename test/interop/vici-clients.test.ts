import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { LAB_CACHE, REPOSITORY } from '../lab/paths.ts';
import { plan } from '../lab/plan.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { establish, withTunnel } from './tunnel-run.ts';

const SESSION = fileURLToPath(new URL('./vici-session.py', import.meta.url));

const TYPED = fileURLToPath(new URL('./typed-session.ts', import.meta.url));
const isKey = (key: string): boolean => !/^net-\d+$/.test(key);

interface Session {
  readonly version: { readonly daemon: string; readonly version: string };
  readonly before: readonly object[];
  readonly initiate: readonly string[];
  readonly during: readonly Record<string, { readonly state: string }>[];
  readonly after: readonly object[];
  readonly events: readonly (readonly [name: string, up: boolean])[];
}

describeWith('lab', 'clients of VICI drive us', () => {
  const shared = sharedSites(strongswan);

  testWith(
    'python-vici',
    'the Python module: version, list-sas, initiate, terminate, events',
    async () => {
      const { sites, sun } = shared();
      await withTunnel(sites, sun, plan(), {}, async ({ moon }) => {
        const python = ['env', `PYTHONPATH=${LAB_CACHE}/python`, 'python3', SESSION];
        const session = JSON.parse(await moon.host.ok(python)) as Session;
        expect(session.version.version).toMatch(/^\d+\.\d+/);
        expect(session.before).toEqual([]);
        expect(session.initiate.join('\n')).toMatch(/CHILD_SA net\{\d+\} established/);
        expect(session.during[0]?.['gw']?.state).toBe('ESTABLISHED');
        expect(session.after).toEqual([]);
        expect(session.events).toContainEqual(['ike-updown', true]);
        expect(session.events).toContainEqual(['child-updown', true]);
        expect(session.events.at(-1)).toEqual(['ike-updown', false]);
      });
    },
  );

  testWith('lab', 'the typed client: what both daemons say fits its types', async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(), {}, async ({ moon, sun: peer }) => {
      const node = [`${REPOSITORY}/node_modules/.bin/node`, TYPED];
      const [ours, theirs] = [
        JSON.parse(await moon.host.ok(node)),
        JSON.parse(await peer.host.ok(node)),
      ];
      expect(ours).toMatchObject({
        daemon: 'charon-ts',
        kinds: ['number', 'number', 'bigint'],
        aes: true,
        child: [['INSTALLED', ['10.1.0.0/24']]],
        listed: { policies: 0, certificates: 0, connections: ['gw'] },
        terminated: { matches: 1, terminated: 1 },
        happened: ['ike-updown', true, 'child-updown', true, expect.any(String), false],
      });
      expect(theirs).toMatchObject({ child: [['INSTALLED', ['10.2.0.0/24']]] });
      for (const part of ['kinds', 'aes', 'connection', 'counted', 'listed', 'refusal'])
        expect(theirs[part], part).toEqual(ours[part]);
      expect(theirs.terminated).toEqual(ours.terminated);
      // Numbers differ, keys do not.
      expect(theirs.sa.at(-1).filter(isKey)).toEqual(ours.sa.at(-1).filter(isKey));
    });
  });

  testWith('lab', 'the stock swanctl: every command that only reads', async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(), {}, async (run) => {
      await establish(run, 'moon');
      const { moon } = run;
      expect(await moon.swanctlOk('--version', '--daemon')).toMatch(/\d+\.\d+/);
      expect(await moon.swanctlOk('--stats')).toMatch(/uptime: /);
      const conns = await moon.swanctlOk('--list-conns');
      expect(conns).toMatch(/^gw: IKEv2, no reauthentication, rekeying every 14400s$/m);
      expect(conns).toMatch(/^ {2}net: TUNNEL, rekeying every 3600s$/m);
      expect(conns).toMatch(/^ {4}local: {2}10\.1\.0\.0\/24$/m);
      expect(await moon.swanctlOk('--list-algs')).toMatch(/^encryption:$[\s\S]*^ {2}AES_CBC\[/m);
      expect(await moon.swanctlOk('--list-sas', '--raw')).toMatch(
        /^list-sa event \{gw \{uniqueid=1 /m,
      );
      expect(await moon.swanctlOk('--reload-settings')).toBe('');
    });
  });

  testWith(
    'lab',
    'the stock swanctl: the SAs of a connection are monitored as they come and go',
    async () => {
      const { sites, sun } = shared();
      await withTunnel(sites, sun, plan(), {}, async ({ moon }) => {
        const monitor = moon.host.spawn(
          ['stdbuf', '-oL', 'swanctl', '--monitor-sa', '--raw'],
          '/run/monitor.log',
        );
        await new Promise((resolve) => setTimeout(resolve, 500));
        expect((await moon.initiate()).code).toBe(0);
        expect((await moon.terminate()).code).toBe(0);
        await new Promise((resolve) => setTimeout(resolve, 500));
        monitor.kill('SIGTERM');
        await monitor.ended;
        const seen = readFileSync(moon.host.path('/run/monitor.log'), 'utf8');
        expect(seen).toMatch(/^ike-updown event \{up=yes gw \{/m);
        expect(seen).toMatch(/^child-updown event \{up=yes gw \{/m);
        expect(seen).toMatch(/^ike-updown event \{gw \{/m);
      });
    },
  );
});

describeWith('lab', 'a graceful end', () => {
  const shared = sharedSites(strongswan);

  testWith(
    'lab',
    'SIGTERM deletes the SAs of both sides and leaves nothing in the kernel',
    async () => {
      const { sites, sun } = shared();
      await withTunnel(sites, sun, plan(), {}, async (run) => {
        await establish(run, 'moon');
        await run.moon.stop();
        expect(await run.moon.host.ok(['ip', 'xfrm', 'state'])).toBe('');
        expect(await run.moon.host.ok(['ip', 'xfrm', 'policy', 'list', 'nosock'])).toBe('');
        expect(await run.moon.host.ok(['ip', 'route', 'show', 'table', '220'])).toBe('');
        expect(await run.sun.establishedCount()).toBe(0);
        expect(run.moon.host.exists('/run/charon.vici')).toBe(false);
      });
    },
  );
});
