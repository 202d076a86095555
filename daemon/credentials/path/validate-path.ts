import type { AddressSpan } from '../trust.ts';
import type { Certificate } from '../x509/certificate.ts';
import { AddressBlocks } from './address-blocks.ts';
import { checkIssuer } from './certificate-checks.ts';
import { failure, nameOf, type PathFailure, printName } from './failure.ts';
import { NameConstraints } from './name-constraints.ts';
import { ANY_POLICY, PolicyGraph } from './policy-graph.ts';

/** What a path is validated for, RFC 5280 section 6.1.1 (c), (e) to (g). */
export interface PolicyInput {
  /** Policies that are wanted, in the terms of the trust anchor's domain; empty wants none in particular. */
  readonly policies: readonly string[];
  readonly requireExplicit: boolean;
  readonly inhibitMapping: boolean;
  readonly inhibitAny: boolean;
}

/** Any policy, or none. */
export const ANY_POLICY_INPUT: PolicyInput = {
  policies: [],
  requireExplicit: false,
  inhibitMapping: false,
  inhibitAny: false,
};

/** A path that fulfils RFC 5280 section 6.1. */
export interface ValidPath {
  readonly ok: true;
  /** Policies that it is valid for out of those wanted; {@link ANY_POLICY} among them stands for all. */
  readonly policies: ReadonlySet<string>;
  /** RFC 3779; absent if the path does not speak of addresses. */
  readonly addressBlocks?: readonly AddressSpan[];
}

export type PathValidation = ValidPath | { readonly ok: false; readonly failure: PathFailure };

/**
 * Validates what certificates of a path demand of each other, from the end entity to the trust anchor: RFC 5280 section 6.1 but for
 * signatures and for what is a matter of one certificate (`checkCertificate`), and RFC 3779. What the trust anchor's own
 * certificate constrains counts too (RFC 5937), except for its policies.
 */
export function validatePath(chain: readonly Certificate[], input: PolicyInput): PathValidation {
  const anchor = chain.at(-1);
  if (anchor === undefined)
    return { ok: false, failure: failure('cert-no-issuer', 'the path is empty') };
  const state = new PathState(chain, anchor, input);
  const failed = state.run();
  return failed === undefined ? state.result() : { ok: false, failure: failed };
}

class PathState {
  /** From the one that the trust anchor issued to the end entity. */
  readonly #certificates: readonly Certificate[];
  readonly #anchor: Certificate;
  readonly #input: PolicyInput;
  readonly #names = new NameConstraints();
  readonly #policies = new PolicyGraph();
  readonly #addresses: AddressBlocks;
  // Certificates that may still follow until a thing is required or inhibited.
  #explicitPolicy: number;
  #policyMapping: number;
  #anyPolicy: number;
  #pathLength: number;

  constructor(chain: readonly Certificate[], anchor: Certificate, input: PolicyInput) {
    this.#certificates = chain.slice(0, -1).reverse();
    this.#anchor = anchor;
    this.#input = input;
    this.#addresses = new AddressBlocks(anchor);
    const all = chain.length;
    this.#explicitPolicy = input.requireExplicit ? 0 : all;
    this.#policyMapping = input.inhibitMapping ? 0 : all;
    this.#anyPolicy = input.inhibitAny ? 0 : all;
    this.#pathLength = all;
  }

  run(): PathFailure | undefined {
    let issuer = this.#anchor;
    let failed = checkIssuer(issuer) ?? this.#names.add(issuer);
    this.#takeConstraints(issuer);
    for (const [i, certificate] of this.#certificates.entries()) {
      const last = i === this.#certificates.length - 1;
      failed ??= this.#take(certificate, issuer, last);
      failed ??= last ? this.#finish(certificate) : this.#prepareNext(certificate);
      if (failed !== undefined) return failed;
      issuer = certificate;
    }
    return failed;
  }

  result(): PathValidation {
    const valid = this.#policies.authorityPolicies();
    const { policies } = this.#input;
    const wanted = policies.length > 0 && !policies.includes(ANY_POLICY) ? policies : undefined;
    const chosen = wanted?.filter((policy) => valid.has(policy) || valid.has(ANY_POLICY));
    if (this.#explicitPolicy === 0 && (chosen?.length ?? valid.size) === 0)
      return { ok: false, failure: noPolicy(this.#certificates.at(-1) ?? this.#anchor) };
    const addressBlocks = this.#addresses.spans();
    return {
      ok: true,
      policies: chosen === undefined ? valid : new Set(chosen),
      ...(addressBlocks === undefined ? {} : { addressBlocks }),
    };
  }

  // Section 6.1.3.
  #take(certificate: Certificate, issuer: Certificate, last: boolean): PathFailure | undefined {
    if (certificate.issuerKey !== issuer.subjectKey)
      return failure(
        'cert-validation-failed',
        `${nameOf(certificate)} was issued by "${printName(certificate.issuer)}", not by ${nameOf(issuer)}`,
      );
    const selfIssued = isSelfIssued(certificate);
    const failed =
      (selfIssued && !last ? undefined : this.#names.check(certificate)) ??
      this.#addresses.add(certificate);
    if (failed !== undefined) return failed;
    const anyAllowed = this.#anyPolicy > 0 || (selfIssued && !last);
    this.#policies.addCertificate(certificate.policies, anyAllowed);
    return this.#explicitPolicy === 0 && this.#policies.empty ? noPolicy(certificate) : undefined;
  }

  // Section 6.1.4.
  #prepareNext(certificate: Certificate): PathFailure | undefined {
    const { policyMappings } = certificate;
    if (policyMappings.some((pair) => [pair.issuer, pair.subject].includes(ANY_POLICY)))
      return failure('cert-policy-violation', `${nameOf(certificate)} maps anyPolicy`);
    this.#policies.addMappings(policyMappings, this.#policyMapping > 0);
    const failed = this.#names.add(certificate) ?? checkIssuer(certificate);
    if (failed !== undefined) return failed;
    if (!isSelfIssued(certificate)) {
      if (this.#pathLength === 0) return this.#tooLong(certificate);
      this.#explicitPolicy = decremented(this.#explicitPolicy);
      this.#policyMapping = decremented(this.#policyMapping);
      this.#anyPolicy = decremented(this.#anyPolicy);
      this.#pathLength--;
    }
    this.#takeConstraints(certificate);
    return undefined;
  }

  // Section 6.1.4 (i), (j), (m).
  #takeConstraints({ policyConstraints, inhibitAnyPolicy, basicConstraints }: Certificate): void {
    const { requireExplicit = Infinity, inhibitMapping = Infinity } = policyConstraints ?? {};
    this.#explicitPolicy = Math.min(this.#explicitPolicy, requireExplicit);
    this.#policyMapping = Math.min(this.#policyMapping, inhibitMapping);
    this.#anyPolicy = Math.min(this.#anyPolicy, inhibitAnyPolicy ?? Infinity);
    this.#pathLength = Math.min(this.#pathLength, basicConstraints?.pathLength ?? Infinity);
  }

  // Section 6.1.5 (a), (b).
  #finish({ policyConstraints }: Certificate): PathFailure | undefined {
    this.#explicitPolicy = decremented(this.#explicitPolicy);
    if (policyConstraints?.requireExplicit === 0) this.#explicitPolicy = 0;
    return undefined;
  }

  #tooLong(certificate: Certificate): PathFailure {
    const cas = this.#certificates.slice(0, -1).filter((ca) => !isSelfIssued(ca));
    const allowed = cas.indexOf(certificate);
    return failure(
      'cert-policy-violation',
      `path length of ${cas.length} violates constraint of ${allowed}`,
    );
  }
}

/** Whether subject and issuer are the same name: such a CA certificate does not count, RFC 5280 section 6.1. */
export function isSelfIssued({ subjectKey, issuerKey }: Certificate): boolean {
  return subjectKey === issuerKey;
}

function decremented(count: number): number {
  return Math.max(0, count - 1);
}

function noPolicy(certificate: Certificate): PathFailure {
  return failure(
    'cert-policy-violation',
    `no certificate policy is valid for ${nameOf(certificate)}, but one is required`,
  );
}
