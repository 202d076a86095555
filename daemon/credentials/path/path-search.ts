import { resumed, settled, type Waits } from '../../util/waits.ts';
import type { Certificate } from '../x509/certificate.ts';
import { type Candidates, seemsSelfSigned } from './candidates.ts';
import {
  type CertificateRules,
  checkCertificate,
  checkIssuer,
  checkSignatureKind,
} from './certificate-checks.ts';
import { failure, nameOf, type PathFailure, printName } from './failure.ts';
import type { PathLimits } from './limits.ts';
import { PathGraph } from './path-graph.ts';
import { fitsScheme } from './strength.ts';
import { isSelfIssued, type PathValidation, type ValidPath } from './validate-path.ts';
import type { VerifiedSignatures } from './verified-signatures.ts';

/** A path that was found, from the first certificate to the trust anchor, and what validation says of it. */
export interface FoundPath {
  readonly chain: readonly Certificate[];
  readonly valid: ValidPath;
}

/** A search: each path that it finds, and each promise that it has to wait for before it goes on. */
export type PathSteps = Generator<FoundPath | Promise<unknown>, void, unknown>;

/** What a search needs. */
export interface PathSearchSetup {
  readonly candidates: Candidates;
  readonly signatures: VerifiedSignatures;
  readonly rules: CertificateRules;
  readonly limits: PathLimits;
  /** Judges a path whose signatures are right: RFC 5280 section 6.1, and whatever else the caller demands. */
  readonly validate: (chain: readonly Certificate[]) => PathValidation;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** How far a path got: the reason of the one that got furthest says most. */
type Progress = 'no-issuer' | 'depth' | 'unusable' | 'signature' | 'validation' | 'limit';

const order: readonly Progress[] = [
  'no-issuer',
  'depth',
  'unusable',
  'signature',
  'validation',
  'limit',
];

/**
 * Searches paths from a certificate to a trust anchor, depth first, the most promising issuer first. What costs nothing is checked on
 * the way; signatures and validation wait until a path is complete, so that certificates from nowhere cost no
 * signature check. Whatever turned out wrong once is not tried again, and all work is limited.
 */
export class PathSearch {
  readonly #setup: PathSearchSetup;
  readonly #graph: PathGraph;
  readonly #unusable = new Map<Certificate, PathFailure | undefined>();
  #best: { readonly progress: number; readonly failure: PathFailure } | undefined;
  #steps = 0;
  #checks = 0;
  #validated = 0;
  #exhausted = false;
  #deadline = 0;

  constructor(setup: PathSearchSetup) {
    this.#setup = setup;
    const isAnchor = (certificate: Certificate): boolean => setup.candidates.isAnchor(certificate);
    this.#graph = new PathGraph((certificate) => this.#usableIssuers(certificate), isAnchor);
  }

  /** Why there is no (further) path: the reason of the most promising attempt. */
  get failure(): PathFailure {
    return this.#best?.failure ?? failure('cert-no-issuer', 'no path to a trust anchor was found');
  }

  /** Signatures that were really checked. */
  get signatureChecks(): number {
    return this.#checks;
  }

  /** The valid paths, the most promising first; the search goes on only when the next one is asked for. */
  async *paths(target: Certificate): AsyncGenerator<FoundPath, void> {
    const steps = this.steps(target);
    let step = steps.next();
    while (step.done !== true) {
      if (step.value instanceof Promise) step = await resumed(steps, step.value);
      else {
        yield step.value;
        step = steps.next();
      }
    }
  }

  /** The same for who waits as `waits.ts` says: besides paths it yields the checks of signatures that are not known yet. */
  *steps(target: Certificate): PathSteps {
    const { limits, now } = this.#setup;
    this.#deadline = now() + limits.time;
    const unusable = this.#check(target);
    if (unusable !== undefined) {
      this.#note('unusable', unusable);
      return;
    }
    this.#graph.explore(target);
    if (this.#graph.leads(target)) yield* this.#extend([target]);
    else this.#explain(target);
  }

  *#extend(path: readonly Certificate[]): PathSteps {
    const { candidates, limits } = this.#setup;
    const last = path.at(-1);
    if (last === undefined) return;
    if (path.length > 1 && candidates.isAnchor(last)) {
      const found = yield* this.#judge(path);
      if (found !== undefined) yield found;
      return;
    }
    for (const issuer of this.#graph.issuersOf(last)) {
      if (this.#exhausted || !this.#graph.holds(path)) return;
      if (isIn(path, issuer) || !this.#graph.leads(issuer)) continue;
      if (path.length + this.#graph.distance(issuer) > limits.depth) {
        const reason = `maximum path length of ${limits.depth} exceeded`;
        this.#note('depth', failure('cert-exceeded-path-len', reason));
        continue;
      }
      if (!this.#mayStep()) return;
      const broken = pathLengthFailure(path, issuer);
      if (broken === undefined) yield* this.#extend([...path, issuer]);
      else this.#note('unusable', broken);
    }
  }

  /** The signatures from the trust anchor downwards, then validation. */
  *#judge(chain: readonly Certificate[]): Waits<FoundPath | undefined> {
    const { limits, validate } = this.#setup;
    for (let i = chain.length - 2; i >= 0; i--) {
      const [certificate, issuer] = [chain[i], chain[i + 1]];
      if (certificate === undefined || issuer === undefined) return undefined;
      const right = yield* settled(this.#verify(issuer, certificate));
      if (right === undefined) return undefined;
      if (right) continue;
      this.#graph.remove(issuer, certificate);
      const reason = `the signature of ${nameOf(certificate)} was not made by its issuer ${nameOf(issuer)}`;
      this.#note('signature', failure('cert-validation-failed', reason));
      return undefined;
    }
    if (++this.#validated > limits.paths) {
      this.#exhaust(`more than ${limits.paths} paths to trust anchors`);
      return undefined;
    }
    const validation = validate(chain);
    if (validation.ok) return { chain, valid: validation };
    this.#note('validation', validation.failure);
    return undefined;
  }

  /** `undefined` if the limit is reached. */
  #verify(issuer: Certificate, certificate: Certificate): boolean | undefined | Promise<boolean> {
    const { signatures, limits, now } = this.#setup;
    if (signatures.knows(issuer, certificate)) return true;
    if (this.#checks === limits.signatures) {
      this.#exhaust(`more than ${limits.signatures} signatures to check`);
      return undefined;
    }
    if (now() > this.#deadline) {
      this.#exhaust(`more than ${limits.time} ms to check signatures`);
      return undefined;
    }
    this.#checks++;
    return signatures.verify(issuer, certificate);
  }

  #usableIssuers(certificate: Certificate): readonly Certificate[] {
    const { scheme } = certificate;
    return this.#setup.candidates.issuersOf(certificate).filter((issuer) => {
      if (issuer === certificate) return false;
      const { publicKey } = issuer;
      if (publicKey && scheme && !fitsScheme(publicKey, scheme)) return false;
      return this.#issuerFailure(issuer) === undefined;
    });
  }

  #issuerFailure(issuer: Certificate): PathFailure | undefined {
    if (this.#unusable.has(issuer)) return this.#unusable.get(issuer);
    const unusable = checkIssuer(issuer) ?? this.#check(issuer);
    this.#unusable.set(issuer, unusable);
    if (unusable !== undefined) this.#note('unusable', unusable);
    return unusable;
  }

  #check(certificate: Certificate): PathFailure | undefined {
    const { candidates, rules } = this.#setup;
    return (
      checkCertificate(certificate, rules) ??
      (candidates.isAnchor(certificate) ? undefined : checkSignatureKind(certificate, rules))
    );
  }

  /** Where the best way up ends. */
  #explain(target: Certificate): void {
    const seen = new Set<Certificate>();
    let last = target;
    for (let next: Certificate | undefined = target; next !== undefined; ) {
      last = next;
      seen.add(last);
      next = this.#graph.issuersOf(last).find((issuer) => !seen.has(issuer));
    }
    this.#note(
      'no-issuer',
      seemsSelfSigned(last)
        ? failure('cert-untrusted-root', `${nameOf(last)} is self-signed and not trusted`)
        : failure(
            'cert-no-issuer',
            `no issuer certificate found for ${nameOf(last)}, issuer is "${printName(last.issuer)}"`,
          ),
    );
  }

  #mayStep(): boolean {
    const { limits } = this.#setup;
    if (++this.#steps <= limits.steps) return true;
    this.#exhaust(`more than ${limits.steps} steps`);
    return false;
  }

  #exhaust(what: string): void {
    this.#exhausted = true;
    this.#note('limit', failure('cert-validation-failed', `the search for a path took ${what}`));
  }

  #note(progress: Progress, reason: PathFailure): void {
    const reached = order.indexOf(progress);
    if (this.#best === undefined || reached > this.#best.progress)
      this.#best = { progress: reached, failure: reason };
  }
}

// One key under one name is one CA, however many certificates it has: a path that comes back to it is no better than without.
function isIn(path: readonly Certificate[], issuer: Certificate): boolean {
  return path.some(
    ({ subjectKey, publicKey }) =>
      subjectKey === issuer.subjectKey && publicKey?.keyId === issuer.publicKey?.keyId,
  );
}

// Section 6.1.4 (l), (m) of RFC 5280: true of every path that goes on from here, so that it need not be completed.
function pathLengthFailure(
  path: readonly Certificate[],
  { basicConstraints }: Certificate,
): PathFailure | undefined {
  const allowed = basicConstraints?.pathLength;
  const below = path.slice(1).filter((certificate) => !isSelfIssued(certificate)).length;
  return allowed === undefined || below <= allowed
    ? undefined
    : failure('cert-policy-violation', `path length of ${below} violates constraint of ${allowed}`);
}
