import type { Clock } from '../../daemon/contracts/clock.ts';
import type { SignatureVerifier } from '../../daemon/contracts/signatures.ts';
import { PATH_LIMITS, type PathLimits } from '../../daemon/credentials/path/limits.ts';
import { ANY_STRENGTH, PathFinder } from '../../daemon/credentials/path/path-finder.ts';
import { NO_WEAK_ALGORITHMS } from '../../daemon/credentials/path/strength.ts';
import { ANY_POLICY_INPUT, validatePath } from '../../daemon/credentials/path/validate-path.ts';
import { VerifiedSignatures } from '../../daemon/credentials/path/verified-signatures.ts';
import { CredentialTrust } from '../../daemon/credentials/peer-trust.ts';
import type { ReceivedCredentials, TrustConstraints } from '../../daemon/credentials/trust.ts';
import type { Certificate } from '../../daemon/credentials/x509/certificate.ts';
import { decodeTools } from './decode-tools.ts';
import { FixedCertificates } from './fixed-certificates.ts';
import { FixedRevocation } from './fixed-revocation.ts';
import { MemoryLog } from './memory-log.ts';
import { TEST_TIME, testVerifier } from './test-pki.ts';

/** No demands of a connection. */
export const NO_CONSTRAINTS: TrustConstraints = {
  certificates: [],
  publicKeys: [],
  cas: [],
  policies: [],
  groups: [],
  revocation: 'relaxed',
  strength: ANY_STRENGTH,
};

/** What a peer sent, its own certificate first. */
export function received(...certificates: readonly Certificate[]): ReceivedCredentials {
  return { certificates, crls: [], ocspResponses: [], rawKeys: [] };
}

/** Trust in peers with what a test has loaded, and everything else in its hands. */
export class PathSetup {
  readonly source: FixedCertificates = new FixedCertificates();
  readonly revocation: FixedRevocation = new FixedRevocation();
  readonly log: MemoryLog = new MemoryLog();
  readonly signatures: VerifiedSignatures;
  readonly finder: PathFinder;
  readonly trust: CredentialTrust;
  /** Time of day. */
  time: number = TEST_TIME;
  /** Signatures that were checked. */
  checks: number = 0;
  /** Milliseconds of the monotonic clock that each of them takes. */
  checkTime: number = 0;

  constructor(
    options: {
      readonly cache?: number;
      readonly limits?: Partial<PathLimits>;
      readonly rejectTrustedEndEntity?: boolean;
    } = {},
  ) {
    const verifier: SignatureVerifier = {
      publicKey: (spki) => testVerifier.publicKey(spki),
      verify: (...request) => {
        this.checks++;
        return testVerifier.verify(...request);
      },
    };
    const clock: Clock = {
      now: () => this.checks * this.checkTime,
      wallClock: () => this.time,
      after: () => ({ cancel: () => {} }),
    };
    this.signatures = new VerifiedSignatures(verifier, options.cache ?? 1000);
    this.finder = new PathFinder({
      sources: this.source,
      signatures: this.signatures,
      clock,
      limits: { ...PATH_LIMITS, ...options.limits },
      weak: NO_WEAK_ALGORITHMS,
      enforceCritical: true,
    });
    this.trust = new CredentialTrust({
      finder: this.finder,
      signatures: this.signatures,
      revocation: this.revocation,
      crypto: decodeTools,
      rejectTrustedEndEntity: options.rejectTrustedEndEntity ?? false,
      clock,
      logger: this.log,
    });
  }

  /** The first valid path, as common names from the first certificate on, or why there is none. */
  async path(target: Certificate, ...between: readonly Certificate[]): Promise<PathResult> {
    const rules = this.finder.rules(ANY_STRENGTH);
    const candidates = this.finder.candidates(this.source, between, this.time);
    const search = this.finder.search(candidates, rules, (chain) =>
      validatePath(chain, ANY_POLICY_INPUT),
    );
    for await (const { chain } of search.paths(target)) return { chain };
    return { ...search.failure };
  }
}

/** Either a chain or a reason. */
export interface PathResult {
  readonly chain?: readonly Certificate[];
  readonly reason?: string;
  readonly alert?: string;
}
