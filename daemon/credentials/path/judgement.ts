import type { Crypto } from '../../contracts/crypto.ts';
import { printIdentity } from '../../proto/identity-print.ts';
import { equalBytes } from '../../util/bytes.ts';
import { settled, type Waits } from '../../util/waits.ts';
import type { CertificateSource } from '../certificate-source.ts';
import type { RevocationChecker } from '../revocation/checker.ts';
import type { KeyClaim, ReceivedCredentials, TrustConstraints, TrustVerdict } from '../trust.ts';
import type { Certificate } from '../x509/certificate.ts';
import type { Candidates } from './candidates.ts';
import { type CertificateRules, checkCertificate, checkPurpose } from './certificate-checks.ts';
import { checkChainConstraints } from './chain-constraints.ts';
import { checkRevocation, judgeStatus } from './chain-revocation.ts';
import { holdsIdentity, isAccepted, isConfiguredKey } from './claims.ts';
import { failure, nameOf, type PathFailure } from './failure.ts';
import { checkGroups } from './group-membership.ts';
import type { PathFinder } from './path-finder.ts';
import type { FoundPath } from './path-search.ts';
import { weakKey } from './strength.ts';
import { ANY_POLICY_INPUT, type PathValidation, validatePath } from './validate-path.ts';
import type { VerifiedSignatures } from './verified-signatures.ts';

/** What judgements need of the daemon. */
export interface JudgementSetup {
  readonly finder: PathFinder;
  readonly signatures: VerifiedSignatures;
  readonly revocation: RevocationChecker;
  readonly crypto: Pick<Crypto, 'hash'>;
  /** `charon.reject_trusted_end_entity`. */
  readonly rejectTrustedEndEntity: boolean;
}

/** Chains whose revocation is asked for, if the status of one before could not be had. */
const MAX_ASKED_CHAINS = 3;

type Trusted = Extract<TrustVerdict, { trusted: true }>;
type Outcome = Trusted | PathFailure;

/** Judges one claim by what is loaded when it begins. */
export class Judgement {
  readonly #setup: JudgementSetup;
  readonly #received: ReceivedCredentials;
  readonly #constraints: TrustConstraints;
  readonly #source: CertificateSource;
  readonly #rules: CertificateRules;
  readonly #candidates: Candidates;
  readonly #since: number;

  constructor(setup: JudgementSetup, received: ReceivedCredentials, constraints: TrustConstraints) {
    const { finder } = setup;
    this.#setup = setup;
    this.#received = received;
    this.#constraints = constraints;
    this.#since = finder.now();
    this.#source = finder.snapshot();
    this.#rules = finder.rules(constraints.strength);
    this.#candidates = finder.candidates(this.#source, received.certificates, this.#rules.time);
  }

  *run(claim: KeyClaim): Waits<Outcome> {
    const { certificate } = claim;
    return certificate === undefined
      ? this.#judgeKey(claim)
      : yield* this.#judgeCertificate(claim, certificate);
  }

  #judgeKey(claim: KeyClaim): Outcome {
    const { cas, caId, policies, groups, strength } = this.#constraints;
    const id = printIdentity(claim.identity);
    const refuse = (reason: string): PathFailure => failure('cert-policy-violation', reason);
    if (!isConfiguredKey(claim, this.#constraints, this.#source))
      return refuse(`the raw public key ${claim.publicKey.keyId} is not configured for '${id}'`);
    if (cas.length > 0 || caId !== undefined || policies.length > 0 || groups.length > 0)
      return refuse(`'${id}' has a raw public key, but its CA, policy or group is demanded`);
    const weak = weakKey(claim.publicKey, strength, this.#rules.weak);
    if (weak !== undefined) return refuse(`the raw public key of '${id}' cannot be used: ${weak}`);
    return { trusted: true, chain: [], warnings: [] };
  }

  *#judgeCertificate(claim: KeyClaim, certificate: Certificate): Waits<Outcome> {
    const pinned = this.#isPinned(certificate);
    const refused =
      this.#checkClaim(claim, certificate) ??
      checkCertificate(certificate, this.#rules) ??
      (pinned ? undefined : checkPurpose(certificate, 'peer'));
    if (refused !== undefined) return refused;
    if (pinned && this.#setup.rejectTrustedEndEntity)
      return failure(
        'cert-policy-violation',
        `${nameOf(certificate)} is loaded here, and such peers are rejected (reject_trusted_end_entity)`,
      );
    const outcome = yield* this.#judgeChains(certificate, pinned);
    const { groups } = this.#constraints;
    if (!('trusted' in outcome) || groups.length === 0) return outcome;
    const { signatures, crypto } = this.#setup;
    const setup = { source: this.#source, signatures, crypto, rules: this.#rules };
    return (yield* settled(checkGroups(certificate, groups, setup))) ?? outcome;
  }

  #checkClaim(
    { identity, publicKey }: KeyClaim,
    certificate: Certificate,
  ): PathFailure | undefined {
    const name = nameOf(certificate);
    const own = certificate.publicKey;
    if (own === undefined || !equalBytes(own.spki, publicKey.spki))
      return failure('cert-validation-failed', `${name} is not a certificate of the key used`);
    if (!holdsIdentity(certificate, identity))
      return failure(
        'cert-validation-failed',
        `${name} does not prove the identity '${printIdentity(identity)}'`,
      );
    return isAccepted(certificate, this.#constraints)
      ? undefined
      : failure('cert-policy-violation', `${name} is not among the certificates of the connection`);
  }

  /** Whether an operator trusts this very certificate, so that it needs no chain. */
  #isPinned(certificate: Certificate): boolean {
    const { certificates } = this.#constraints;
    if (certificates.some(({ fingerprint }) => fingerprint === certificate.fingerprint))
      return true;
    if (this.#candidates.isAnchor(certificate)) return true;
    const loaded = this.#source.certificate(certificate.fingerprint);
    return loaded?.trusted === true && loaded.flag === 'NONE';
  }

  *#judgeChains(certificate: Certificate, pinned: boolean): Waits<Outcome> {
    const validate = (chain: readonly Certificate[]): PathValidation => this.#validate(chain);
    const search = this.#setup.finder.search(this.#candidates, this.#rules, validate);
    let unknown: PathFailure | undefined;
    let asked = 0;
    const steps = search.steps(certificate);
    for (let step = steps.next(); step.done !== true; ) {
      const { value } = step;
      if (value instanceof Promise) {
        step = steps.next(yield value);
        continue;
      }
      const { failure, final, warnings } = yield* this.#askRevocation(value);
      if (failure === undefined) return trustedBy(value, warnings);
      unknown ??= failure;
      if (final || ++asked === MAX_ASKED_CHAINS) return failure;
      step = steps.next();
    }
    return unknown ?? (pinned ? this.#judgeAlone(certificate) : search.failure);
  }

  #askRevocation({ chain }: FoundPath): ReturnType<typeof checkRevocation> {
    const { revocation } = this.#constraints;
    return checkRevocation(this.#setup.revocation, chain, revocation, this.#received, this.#since);
  }

  #validate(chain: readonly Certificate[]): PathValidation {
    const { policies } = this.#constraints;
    const validation = validatePath(chain, { ...ANY_POLICY_INPUT, policies });
    if (!validation.ok) return validation;
    const failed = checkChainConstraints(chain, validation.policies, this.#constraints);
    return failed === undefined ? validation : { ok: false, failure: failed };
  }

  // Nobody can revoke a certificate without an issuer that we know, or vouch for it.
  #judgeAlone(certificate: Certificate): Outcome {
    const chain = [certificate];
    const hasUri = certificate.crlDistributionPoints.length > 0 || certificate.ocspUris.length > 0;
    const reason = 'its issuer is not known';
    const status = { status: hasUri ? 'unavailable' : 'skipped', reason } as const;
    const policies = new Set(certificate.policies ?? []);
    return (
      checkChainConstraints(chain, policies, this.#constraints) ??
      judgeStatus(certificate, status, this.#constraints.revocation) ?? {
        trusted: true,
        chain,
        notAfter: certificate.notAfter,
        warnings: [],
      }
    );
  }
}

function trustedBy({ chain, valid }: FoundPath, warnings: readonly string[]): Trusted {
  const { addressBlocks } = valid;
  return {
    trusted: true,
    chain,
    notAfter: Math.min(...chain.map(({ notAfter }) => notAfter)),
    ...(addressBlocks === undefined ? {} : { addressBlocks }),
    warnings,
  };
}
