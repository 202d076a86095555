import { settled, type Waits } from '../../util/waits.ts';
import type { RevocationChecker, RevocationStatus } from '../revocation/checker.ts';
import type { ReceivedCredentials, TrustConstraints } from '../trust.ts';
import type { Certificate } from '../x509/certificate.ts';
import { failure, nameOf, type PathFailure, printTime } from './failure.ts';

/** What revocation means for a chain: whether it may be used, and if not whether another chain might. */
export interface ChainRevocation {
  readonly failure?: PathFailure;
  /** A certificate was revoked: no other way around it is tried. */
  readonly final: boolean;
  readonly warnings: readonly string[];
}

/**
 * Asks for each certificate of a chain below the trust anchor, from the top: who was issued by a revoked CA need not be asked about.
 * The chain must be trusted in every other respect, because the servers asked are those that its certificates name. `since` is the moment of
 * the monotonic clock at which judging began: all questions have one time limit together.
 */
export function* checkRevocation(
  checker: RevocationChecker,
  chain: readonly Certificate[],
  policy: TrustConstraints['revocation'],
  received: ReceivedCredentials,
  since: number,
): Waits<ChainRevocation> {
  const warnings: string[] = [];
  for (let i = chain.length - 2; i >= 0; i--) {
    const [certificate, issuer] = [chain[i], chain[i + 1]];
    if (certificate === undefined || issuer === undefined) continue;
    const status = yield* settled(
      checker.check({
        certificate,
        issuer,
        chain,
        policy,
        receivedCrls: received.crls,
        receivedOcsp: received.ocspResponses,
        since,
      }),
    );
    const failed = judgeStatus(certificate, status, policy);
    if (failed !== undefined)
      return { failure: failed, final: status.status === 'revoked', warnings };
    if (status.status === 'stale' || status.status === 'unavailable')
      warnings.push(`revocation status of ${nameOf(certificate)} is not known: ${status.reason}`);
  }
  return { final: false, warnings };
}

/** Why a certificate with this status cannot be used under a policy, `undefined` if it can. */
export function judgeStatus(
  certificate: Certificate,
  status: RevocationStatus,
  policy: TrustConstraints['revocation'],
): PathFailure | undefined {
  if (status.status === 'good') return undefined;
  if (status.status === 'revoked') {
    const when = `${printTime(status.revokedAt)}, reason: ${status.reason}`;
    return failure(
      'cert-revoked',
      `certificate was revoked on ${when}, subject ${nameOf(certificate)}`,
    );
  }
  const enough = policy === 'relaxed' || (policy === 'ifuri' && status.status === 'skipped');
  if (enough) return undefined;
  const found = { stale: 'STALE', unavailable: 'FAILED', skipped: 'SKIPPED' }[status.status];
  const least = policy === 'strict' ? 'GOOD' : 'SKIPPED';
  return failure(
    'cert-validation-failed',
    `RULE_CRL_VALIDATION is ${found}, but requires at least ${least}: ${nameOf(certificate)}, ${status.reason}`,
  );
}
