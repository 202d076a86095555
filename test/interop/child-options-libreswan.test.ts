import { expect } from 'vitest';
import { ADDRESSES, type ExtraSettings, plan, type Side } from '../lab/plan.ts';
import { describe as describeRun } from '../lab/run.ts';
import { waitFor } from '../lab/wait.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { libreswan } from './peers.ts';
import { withTunnel } from './tunnel-run.ts';

interface OptionCase {
  readonly name: string;
  readonly ours: NonNullable<ExtraSettings['child']>;
  readonly theirs: NonNullable<ExtraSettings['libreswan']>;
  readonly listed: readonly string[];
  readonly wire: string;
}

const CASES: readonly OptionCase[] = [
  {
    name: 'AH',
    ours: { esp_proposals: '', ah_proposals: 'sha256' },
    theirs: { phase2: 'ah', ah: 'sha2_256' },
    listed: ['protocol=AH'],
    wire: 'ah',
  },
  {
    name: 'extended sequence numbers',
    ours: { esp_proposals: 'aes128gcm16-esn', replay_window: 256 },
    theirs: { esn: 'yes', 'replay-window': '256' },
    listed: ['esn=1'],
    wire: 'esp',
  },
  {
    name: 'IPComp',
    ours: { ipcomp: 'yes' },
    theirs: { compress: 'yes' },
    listed: ['cpi-in=', 'cpi-out='],
    wire: 'esp',
  },
];

describeWith(['lab', 'libreswan'], 'options of CHILD_SAs with libreswan', () => {
  const shared = sharedSites(libreswan);
  for (const one of CASES) {
    for (const by of ['moon', 'sun'] as const satisfies readonly Side[]) {
      testWith(
        'lab',
        `${one.name}; ${by === 'moon' ? 'we initiate' : 'the peer initiates'}`,
        async () => {
          const { sites, sun } = shared();
          const extra = { moon: { child: one.ours }, sun: { libreswan: one.theirs } };
          await withTunnel(sites, sun, plan({ extra }), {}, async ({ moon, capture }) => {
            const initiator = by === 'moon' ? moon : sun;
            const done = await initiator.initiate();
            expect(done.code, describeRun(['initiate'], done)).toBe(0);
            const listed = await waitFor('our side to list the CHILD_SA', async () => {
              const sas = await moon.swanctlOk('--list-sas', '--raw');
              return sas.includes('state=INSTALLED') && sas;
            });
            for (const text of one.listed) expect(listed).toContain(text);
            const ping = [
              'ping',
              '-c',
              '10',
              '-i',
              '0.02',
              '-W',
              '2',
              '-s',
              '1000',
              ADDRESSES.sun[4].host,
            ];
            const pinged = await sites.alice.exec(ping);
            expect(pinged.stdout).toContain('10 received, 0% packet loss');
            expect((await capture.packets(one.wire)).length).toBeGreaterThanOrEqual(20);
            expect(await capture.packets('ip proto 1')).toEqual([]);
          });
        },
      );
    }
  }
});
