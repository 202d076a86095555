import { matchIdentity } from '../../proto/identity-match.ts';
import { printIdentity } from '../../proto/identity-print.ts';
import type { TrustConstraints } from '../trust.ts';
import type { Certificate } from '../x509/certificate.ts';
import { failure, type PathFailure, printName } from './failure.ts';
import { ANY_POLICY } from './policy-graph.ts';

/** Why a chain is not what a connection demands, `undefined` if it is; `policies` are those the chain is valid for. */
export function checkChainConstraints(
  chain: readonly Certificate[],
  policies: ReadonlySet<string>,
  { cas, caId, policies: wanted }: TrustConstraints,
): PathFailure | undefined {
  const authorities = chain.length === 1 ? chain : chain.slice(1);
  const fingerprints = new Set(authorities.map(({ fingerprint }) => fingerprint));
  if (cas.length > 0 && !cas.some(({ fingerprint }) => fingerprints.has(fingerprint)))
    return refuse(
      `constraint check failed: peer not authenticated by CA '${cas.map((ca) => printName(ca.subject)).join("' or '")}'`,
    );
  if (caId !== undefined && !authorities.some((ca) => has(ca, caId)))
    return refuse(`constraint check failed: peer not authenticated by CA '${printIdentity(caId)}'`);
  const missing = wanted.find((policy) => !policies.has(policy) && !policies.has(ANY_POLICY));
  return missing === undefined ? undefined : refuse(`constraint requires cert policy ${missing}`);
}

function has(ca: Certificate, id: NonNullable<TrustConstraints['caId']>): boolean {
  return ca.identities.some((identity) => matchIdentity(id, identity, 'strict') > 0);
}

function refuse(reason: string): PathFailure {
  return failure('cert-policy-violation', reason);
}
