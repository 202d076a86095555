import type { ConnectionConfig } from './config/connection-types.ts';
import type { DaemonOptions } from './config/options.ts';
import type { Clock } from './contracts/clock.ts';
import type { Crypto } from './contracts/crypto.ts';
import type { Logger } from './contracts/logger.ts';
import type { Credentials } from './credentials/credentials.ts';
import { PATH_LIMITS } from './credentials/path/limits.ts';
import { PathFinder } from './credentials/path/path-finder.ts';
import { NO_WEAK_ALGORITHMS } from './credentials/path/strength.ts';
import { VerifiedSignatures } from './credentials/path/verified-signatures.ts';
import { CredentialTrust } from './credentials/peer-trust.ts';
import type { PublicKeyServices } from './credentials/public-keys.ts';
import type { RevocationChecker } from './credentials/revocation/checker.ts';

/** What trust is composed of. */
export interface TrustSetup {
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly logger: Logger;
  /** As they are at the start of the daemon. */
  readonly options: DaemonOptions;
  readonly credentials: Credentials;
  readonly revocation: RevocationChecker;
}

/** Signatures on certificates that are remembered as right. */
const REMEMBERED_SIGNATURES = 4096;

/** Puts together who is believed: what is loaded, paths to it, and revocation. */
export function trustServices(setup: TrustSetup): PublicKeyServices {
  const { clock, crypto, logger, options, credentials, revocation } = setup;
  const remembered = options.cert_cache ? REMEMBERED_SIGNATURES : 0;
  const signatures = new VerifiedSignatures(crypto.signatures, remembered);
  const finder = new PathFinder({
    sources: credentials,
    signatures,
    clock,
    limits: PATH_LIMITS,
    weak: NO_WEAK_ALGORITHMS,
    enforceCritical: options['x509.enforce_critical'],
  });
  return {
    trust: new CredentialTrust({
      finder,
      signatures,
      revocation,
      crypto,
      rejectTrustedEndEntity: options.reject_trusted_end_entity,
      clock,
      logger,
    }),
    certificates: credentials,
    authorities: () =>
      credentials.store
        .snapshot()
        .trustedCas()
        .map(({ certificate }) => certificate),
  };
}

/** The CAs that a connection names are trusted as long as it is loaded; what came with our certificates helps to build their chains. */
export function trustConnection(
  credentials: Credentials,
  name: string,
  config: ConnectionConfig | undefined,
): void {
  const cas = (config?.remote ?? []).flatMap((round) => round.cacerts);
  const all = [...(config?.local ?? []), ...(config?.remote ?? [])];
  const along = [...all.flatMap((round) => round.certs), ...cas].flatMap(({ chain }) => chain);
  credentials.setConnection(name, [
    ...cas.map(({ der }) => ({ type: 'X509' as const, der, trusted: true })),
    ...along.map((der) => ({ type: 'X509' as const, der, trusted: false })),
  ]);
}

/** For a daemon that cannot ask anybody: what is nowhere to be asked about is skipped, the rest is unknown. */
export const NO_REVOCATION: RevocationChecker = {
  check: async ({ certificate: { crlDistributionPoints, ocspUris } }) =>
    crlDistributionPoints.length + ocspUris.length === 0
      ? { status: 'skipped', reason: 'neither a CRL nor an OCSP responder is named' }
      : { status: 'unavailable', reason: 'this daemon does not check revocation' },
};
