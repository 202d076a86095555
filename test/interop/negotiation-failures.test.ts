import { expect } from 'vitest';
import { REPOSITORY } from '../lab/paths.ts';
import { type PartialPlan, plan } from '../lab/plan.ts';
import { waitFor } from '../lab/wait.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { type TunnelRun, withTunnel } from './tunnel-run.ts';

const NODE = `${REPOSITORY}/node_modules/.bin/node`;
const SWANCTL = `${REPOSITORY}/daemon/cli/swanctl/main.ts`;

/** The two sides do not fit together: what our side must say about it. */
interface Misfit {
  readonly name: string;
  /** How sun's plan differs from moon's, which is a plain one. */
  readonly sun: PartialPlan;
  /** What `swanctl --initiate` must print on our side, and exit with 1. */
  readonly asInitiator: RegExp;
  /** What our log must say when the peer initiates. */
  readonly asResponder: readonly RegExp[];
  /** What `swanctl --explain` must print on our side then: who asked, what was answered, and a change that helps. */
  readonly explained: { readonly asInitiator: RegExp; readonly asResponder: RegExp };
  /** Whether the IKE_SA stays although the CHILD_SA fails. */
  readonly keepsIkeSa: boolean;
}

const misfits: readonly Misfit[] = [
  {
    name: 'a wrong secret',
    sun: { secret: 'not-the-secret-of-moon' },
    asInitiator:
      /^initiate failed: establishing CHILD_SA 'net' failed: received AUTHENTICATION_FAILED .*identity or our proof of it/m,
    asResponder: [
      /tried 1 shared key for 'moon\.example\.org' - 'sun\.example\.org', but MAC mismatched/,
    ],
    explained: {
      asInitiator: /^'gw' is down: the peer answered AUTHENTICATION_FAILED.*the same secret/s,
      asResponder:
        /^'gw' is down: the secrets of the two sides differ.*=> write the same secret on both sides/s,
    },
    keepsIkeSa: false,
  },
  {
    name: 'an identity that the responder does not know',
    sun: { identity: { moon: 'carol.example.org', sun: 'sun.example.org' } },
    asInitiator: /^initiate failed: .*received AUTHENTICATION_FAILED/m,
    asResponder: [
      /looking for peer configs matching 192\.0\.2\.1\[carol\.example\.org\]\.\.\.198\.51\.100\.1\[sun\.example\.org\]/,
      /no matching peer config found/,
    ],
    explained: {
      asInitiator:
        /^'gw' is down: the peer answered AUTHENTICATION_FAILED.*our identity is the remote\.id there/s,
      asResponder:
        /^'gw' is down: no connection fits.*our identity: ours moon\.example\.org, theirs carol\.example\.org/s,
    },
    keepsIkeSa: false,
  },
  {
    name: 'IKE proposals without overlap',
    sun: { cipher: 'aes256-sha256', keyExchange: 'modp2048' },
    asInitiator:
      /^initiate failed: .*NO_PROPOSAL_CHOSEN.*IKE:AES_GCM_16_128\/PRF_HMAC_SHA2_256\/CURVE_25519/m,
    asResponder: [
      /nearest is configured IKE:AES_GCM_16_128\/PRF_HMAC_SHA2_256\/CURVE_25519/,
      /ENCR \(configured AES_GCM_16_128, received AES_CBC_256\)/,
    ],
    explained: {
      asInitiator:
        /^'gw' is down: there is no proposal in common.*proposal: ours aes128gcm16-prfsha256-x25519/s,
      asResponder:
        /^'gw' is down: there is no proposal in common.*encryption: ours aes128gcm16, theirs aes256\n.*=> allow encryption aes256.* in proposals of 'gw'/s,
    },
    keepsIkeSa: false,
  },
  {
    name: 'ESP proposals without overlap',
    sun: { esp: 'aes256-sha256' },
    asInitiator: /^initiate failed: .*NO_PROPOSAL_CHOSEN.*ESP:AES_GCM_16_128\/NO_EXT_SEQ/m,
    asResponder: [
      /no acceptable proposal found for CHILD_SA 'net'/,
      /ENCR \(configured AES_GCM_16_128, received AES_CBC_256\)/,
    ],
    explained: {
      asInitiator:
        /^the IKE_SA of 'gw' is established, 'net' is not.*the peer answered NO_PROPOSAL_CHOSEN/s,
      asResponder:
        /^the IKE_SA of 'gw' is established, 'net' is not.*=> allow encryption aes256.* in esp_proposals/s,
    },
    keepsIkeSa: true,
  },
  {
    name: 'traffic selectors without overlap',
    sun: { extra: { moon: {}, sun: { child: { local_ts: '10.9.0.0/24' } } } },
    asInitiator: /^initiate failed: .*TS_UNACCEPTABLE.*10\.1\.0\.0\/24 === 10\.2\.0\.0\/24/m,
    asResponder: [
      /traffic selectors 10\.1\.0\.0\/24 === 10\.9\.0\.0\/24 unacceptable/,
      /compared with 'net': 10\.1\.0\.0\/24 === 10\.2\.0\.0\/24/,
    ],
    explained: {
      asInitiator:
        /^the IKE_SA of 'gw' is established, 'net' is not.*ours 10\.1\.0\.0\/24 === 10\.2\.0\.0\/24, theirs \(it does not say\)/s,
      asResponder:
        /^the IKE_SA of 'gw' is established, 'net' is not.*selectors of 'net': ours 10\.1\.0\.0\/24 === 10\.2\.0\.0\/24, theirs 10\.1\.0\.0\/24 === 10\.9\.0\.0\/24/s,
    },
    keepsIkeSa: true,
  },
];

/** What our swanctl says about the connection. */
async function explained({ host }: TunnelRun['moon']): Promise<string> {
  const { code, stdout } = await host.exec([NODE, SWANCTL, '--explain', 'gw']);
  expect(code).toBe(0);
  return stdout;
}

describeWith('lab', 'sides that do not fit together say why', () => {
  const shared = sharedSites(strongswan);

  for (const misfit of misfits) {
    testWith('lab', `${misfit.name}; we initiate`, async () => {
      const { sites, sun } = shared();
      const body = async ({ moon }: TunnelRun): Promise<void> => {
        const done = await moon.initiate();
        expect(done.code).toBe(1);
        expect(done.stderr).toMatch(misfit.asInitiator);
        expect(await moon.establishedCount()).toBe(misfit.keepsIkeSa ? 1 : 0);
        expect(await explained(moon)).toMatch(misfit.explained.asInitiator);
      };
      await withTunnel(sites, sun, plan(), {}, body, plan(misfit.sun));
    });

    testWith('lab', `${misfit.name}; the peer initiates`, async () => {
      const { sites, sun } = shared();
      const body = async ({ moon }: TunnelRun): Promise<void> => {
        expect((await sun.initiate()).code).toBe(1);
        for (const sentence of misfit.asResponder) {
          await waitFor(`${sentence} in our log`, () => sentence.test(moon.log()), 5000);
        }
        expect(await moon.establishedCount()).toBe(misfit.keepsIkeSa ? 1 : 0);
        expect(await explained(moon)).toMatch(misfit.explained.asResponder);
      };
      await withTunnel(sites, sun, plan(), {}, body, plan(misfit.sun));
    });
  }
});
