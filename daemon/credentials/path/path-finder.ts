import type { Clock } from '../../contracts/clock.ts';
import type { CertificateSource, CertificateSources } from '../certificate-source.ts';
import type { SignerPath, SignerPaths, SignerPurpose } from '../revocation/checker.ts';
import type { StrengthConstraints } from '../trust.ts';
import type { Certificate } from '../x509/certificate.ts';
import { Candidates } from './candidates.ts';
import { type CertificateRules, checkCertificate, checkPurpose } from './certificate-checks.ts';
import type { PathLimits } from './limits.ts';
import { PathSearch } from './path-search.ts';
import type { WeakAlgorithms } from './strength.ts';
import { ANY_POLICY_INPUT, type PathValidation, validatePath } from './validate-path.ts';
import type { VerifiedSignatures } from './verified-signatures.ts';

/** What holds for all paths of a daemon. */
export interface PathSettings {
  readonly limits: PathLimits;
  readonly weak: WeakAlgorithms;
  /** `charon.x509.enforce_critical`. */
  readonly enforceCritical: boolean;
}

/** What a path finder is made of. */
export interface PathFinderSetup extends PathSettings {
  readonly sources: CertificateSources;
  readonly signatures: VerifiedSignatures;
  readonly clock: Clock;
}

/** No demands on keys and hashes beyond those of the daemon. */
export const ANY_STRENGTH: StrengthConstraints = { keys: [], hashes: [] };

/** Begins searches for paths to what is loaded at that moment. */
export class PathFinder implements SignerPaths {
  readonly #setup: PathFinderSetup;

  constructor(setup: PathFinderSetup) {
    this.#setup = setup;
  }

  /** What is loaded now. */
  snapshot(): CertificateSource {
    return this.#setup.sources.snapshot();
  }

  /** This moment of the monotonic clock, milliseconds. */
  now(): number {
    return this.#setup.clock.now();
  }

  /** What each certificate must fulfil at this moment. */
  rules(strength: StrengthConstraints): CertificateRules {
    const { weak, enforceCritical, clock } = this.#setup;
    return { time: clock.wallClock(), strength, weak, enforceCritical };
  }

  /** What may lie between a certificate and the trust anchors of `source`. */
  candidates(
    source: CertificateSource,
    received: readonly Certificate[],
    time: number,
  ): Candidates {
    return new Candidates(source, received, time, this.#setup.limits.issuers);
  }

  /** A search by these rules; `validate` judges a path whose signatures are right. */
  search(
    candidates: Candidates,
    rules: CertificateRules,
    validate: (chain: readonly Certificate[]) => PathValidation,
  ): PathSearch {
    const { signatures, limits, clock } = this.#setup;
    const now = (): number => clock.now();
    return new PathSearch({ candidates, signatures, rules, limits, validate, now });
  }

  async find(
    signer: Certificate,
    purpose: SignerPurpose,
    between: readonly Certificate[],
  ): Promise<SignerPath> {
    const rules = this.rules(ANY_STRENGTH);
    const candidates = this.candidates(this.snapshot(), between, rules.time);
    const misused = checkPurpose(signer, purpose);
    if (misused !== undefined) return { ok: false, reason: misused.reason };
    if (candidates.isAnchor(signer)) {
      const unusable = checkCertificate(signer, rules);
      return unusable === undefined
        ? { ok: true, chain: [signer] }
        : { ok: false, reason: unusable.reason };
    }
    const search = this.search(candidates, rules, (chain) => validatePath(chain, ANY_POLICY_INPUT));
    for await (const { chain } of search.paths(signer)) return { ok: true, chain };
    return { ok: false, reason: search.failure.reason };
  }
}
