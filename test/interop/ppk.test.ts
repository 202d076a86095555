import { expect } from 'vitest';
import type { ConfTree } from '../lab/conf-text.ts';
import { ADDRESSES, type ExtraSettings, type PartialPlan, plan, type Side } from '../lab/plan.ts';
import { waitFor } from '../lab/wait.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { libreswan, strongswan } from './peers.ts';
import { bothRoles, establish, proveTraffic, takeDown, withTunnel } from './tunnel-run.ts';

const ID = 'ppk-of-moon-and-sun';
const SECRET = 'Eiphie4ahthae7AhbeeGhahJie3ohNee8daish8eZohn5iel';

/** What one side has: the setting of its connection, and a loaded secret by its PPK_ID. */
interface Ppk {
  readonly id?: string;
  readonly required?: boolean;
  readonly loaded?: string;
  readonly secret?: string;
}

const KNOWN: Ppk = { id: ID, loaded: ID };
const REQUIRED: Ppk = { ...KNOWN, required: true };

function extra({ id, required = false, loaded, secret = SECRET }: Ppk): ExtraSettings {
  const connection: ConfTree = { ppk_id: id, ppk_required: required ? 'yes' : undefined };
  return {
    connection,
    ...(loaded !== undefined && { secrets: { 'ppk-net': { id: loaded, secret } } }),
  };
}

function having(moon: Ppk, sun: Ppk, more: ConfTree = {}): PartialPlan {
  const of = (ppk: Ppk): ExtraSettings => {
    const settings = extra(ppk);
    return { ...settings, connection: { ...settings.connection, ...more } };
  };
  return { extra: { moon: of(moon), sun: of(sun) } };
}

const SIDES = ['moon', 'sun'] as const;
const who = (side: Side): string => (side === 'moon' ? 'we initiate' : 'the peer initiates');

interface Fitting {
  readonly name: string;
  readonly initiator: Ppk;
  readonly responder: Ppk;
  readonly used: boolean;
  readonly ike?: ConfTree;
}

const FITTING: readonly Fitting[] = [
  { name: 'optional for both', initiator: KNOWN, responder: KNOWN, used: true },
  { name: 'required by both', initiator: REQUIRED, responder: REQUIRED, used: true },
  {
    name: 'which the responder names by a pattern',
    initiator: KNOWN,
    responder: { id: '*-sun', loaded: ID },
    used: true,
  },
  {
    name: 'with ML-KEM-768',
    initiator: REQUIRED,
    responder: REQUIRED,
    used: true,
    ike: { proposals: 'aes128gcm16-prfsha384-x25519-ke1_mlkem768' },
  },
  { name: 'which the responder lacks', initiator: KNOWN, responder: {}, used: false },
  { name: 'which the initiator lacks', initiator: {}, responder: KNOWN, used: false },
];

interface Misfit {
  readonly name: string;
  readonly initiator: Ppk;
  readonly responder: Ppk;
  /** What our log says as responder. */
  readonly said: RegExp;
  /** What we say as initiator. */
  readonly reason?: string;
}

const MISFITS: readonly Misfit[] = [
  {
    name: 'the PPKs differ',
    initiator: KNOWN,
    responder: { ...KNOWN, secret: 'another' },
    said: /MAC mismatched/,
  },
  {
    name: 'the responder requires one, the initiator has none',
    initiator: {},
    responder: REQUIRED,
    said: /PPK required but peer does not support PPK/,
  },
  {
    name: 'the initiator requires one, the responder has none',
    initiator: REQUIRED,
    responder: {},
    // Whoever has no PPK at all does not announce that it could use one: the initiator gives up.
    said: /is initiating an IKE_SA/,
    reason: 'PPK required but peer does not support PPK',
  },
  {
    name: 'the initiator requires one, the responder has another',
    initiator: REQUIRED,
    responder: { loaded: 'another' },
    said: /no PPK for 'ppk-of-moon-and-sun' found, but the peer requires it/,
  },
  {
    name: 'the responder wants another',
    initiator: KNOWN,
    responder: { id: 'another', loaded: ID },
    said: /received PPK_ID 'ppk-of-moon-and-sun', but require 'another'/,
  },
];

describeWith('lab', 'a PPK (RFC 8784) with strongSwan', () => {
  const shared = sharedSites(strongswan);

  for (const initiator of SIDES) {
    for (const { name, used, ike, ...side } of FITTING) {
      testWith('lab', `a PPK ${name}; ${who(initiator)}`, async () => {
        const { sites, sun } = shared();
        const [ours, theirs] =
          initiator === 'moon'
            ? [side.initiator, side.responder]
            : [side.responder, side.initiator];
        await withTunnel(sites, sun, plan(having(ours, theirs, ike)), {}, async (run) => {
          const sas = await establish(run, initiator);
          expect(sas.includes('/PPK\n')).toBe(used);
          await proveTraffic(run);
          // The keys of the CHILD_SA and of the IKE_SA that come next are made of it too.
          if (used) {
            await run.moon.swanctlOk('--rekey', '--ike', 'gw');
            await run.sun.host.ok(['swanctl', '--rekey', '--child', 'net']);
            await sites.alice.ok([
              'ping',
              '-c',
              '10',
              '-i',
              '0.1',
              '-W',
              '2',
              ADDRESSES.sun[4].host,
            ]);
          }
          await takeDown(run, initiator);
        });
      });
    }

    for (const {
      name,
      initiator: asks,
      responder: answers,
      said,
      reason = 'AUTHENTICATION_FAILED',
    } of MISFITS) {
      testWith('lab', `${name}; ${who(initiator)}`, async () => {
        const { sites, sun } = shared();
        const [ours, theirs] = initiator === 'moon' ? [asks, answers] : [answers, asks];
        await withTunnel(sites, sun, plan(having(ours, theirs)), {}, async ({ moon }) => {
          const done = await (initiator === 'moon' ? moon : sun).initiate();
          expect(done.code).toBe(1);
          if (initiator === 'moon') expect(done.stderr).toContain(reason);
          else await waitFor(`${said} in our log`, () => said.test(moon.log()), 5000);
          await waitFor('both to be empty', async () => {
            return (await moon.establishedCount()) + (await sun.establishedCount()) === 0;
          });
        });
      });
    }
  }
});

describeWith(['lab', 'libreswan'], 'a PPK (RFC 8784) with libreswan', () => {
  const shared = sharedSites(libreswan);
  const CASES = [
    ['insisted on by both', REQUIRED, 'insist', true],
    ['proposed by both', KNOWN, 'yes', true],
    ['that libreswan does without', KNOWN, 'no', false],
  ] as const;

  for (const [name, ours, ppk, used] of CASES) {
    testWith('lab', `a PPK ${name}; initiated by either side`, async () => {
      const { sites, sun } = shared();
      const both: PartialPlan = {
        extra: {
          moon: extra(ours),
          sun: {
            libreswan: { ppk, ...(used && { 'ppk-ids': ID }) },
            libreswanSecrets: used ? `: PPKS "${ID}" "${SECRET}"\n` : '',
          },
        },
      };
      await withTunnel(sites, sun, plan(both), {}, (run) =>
        bothRoles(run, (_, listed) => expect(listed.includes('/PPK\n')).toBe(used)),
      );
    });
  }
});

describeWith(['lab', 'libreswan'], 'a PPK in IKE_INTERMEDIATE (RFC 9867) with libreswan', () => {
  const shared = sharedSites(libreswan);
  const OTHER: Ppk = { ...KNOWN, secret: 'another' };

  /** libreswan 5.2 is older than the numbers that IANA gave. */
  function early(
    ours: Ppk,
    ppk: 'insist' | 'yes',
    how: 'private' | 'yes' = 'private',
  ): PartialPlan {
    return {
      extra: {
        moon: { ...extra(ours), charon: { ppk_intermediate: how } },
        sun: {
          libreswan: { ppk, 'ppk-ids': ID, intermediate: 'yes' },
          libreswanSecrets: `: PPKS "${ID}" "${SECRET}"\n`,
        },
      },
    };
  }

  const CASES = [
    ['insisted on by both', early(REQUIRED, 'insist'), true],
    ['proposed by both', early(KNOWN, 'yes'), true],
    ['that is not the same, by either: without', early(OTHER, 'yes'), false],
  ] as const;

  for (const [name, both, used] of CASES) {
    testWith('lab', `a PPK ${name}; initiated by either side`, async () => {
      const { sites, sun } = shared();
      await withTunnel(sites, sun, plan(both), {}, async (run) => {
        await bothRoles(run, (_, listed) => expect(listed.includes('/PPK\n')).toBe(used));
        const exchanged = run.moon.log().match(/parsed IKE_INTERMEDIATE/g);
        expect(exchanged).toHaveLength(2);
      });
    });
  }

  testWith('lab', 'a PPK and no number that both know, initiated by sun: in IKE_AUTH', async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(early(REQUIRED, 'insist', 'yes')), {}, async (run) => {
      expect(await establish(run, 'sun')).toContain('/PPK\n');
      expect(run.moon.log()).not.toContain('parsed IKE_INTERMEDIATE');
      await takeDown(run, 'sun');
    });
  });

  testWith('lab', 'a PPK that is not the same and that both insist on: refused', async () => {
    const { sites, sun } = shared();
    const both = early({ ...REQUIRED, secret: 'another' }, 'insist');
    await withTunnel(sites, sun, plan(both), {}, async (run) => {
      const ours = await run.moon.initiate();
      expect(ours.code).not.toBe(0);
      expect(await run.moon.establishedCount()).toBe(0);
    });
  });
});
