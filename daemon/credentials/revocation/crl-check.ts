import type { Clock } from '../../contracts/clock.ts';
import type { UrlOrigin } from '../../contracts/fetcher.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { Certificate, Crl, DistributionPoint } from '../x509/certificate.ts';
import { crlCovers, crlIssuersOf } from './crl-covers.ts';
import type { CrlFetches } from './crl-fetches.ts';
import type { CrlShelf } from './crl-shelf.ts';
import type { CrlSigners } from './crl-signers.ts';
import { currencyOf, endOf } from './currency.ts';
import type { Deadline } from './deadline.ts';
import { deltaContinues, scopeText } from './delta.ts';
import { type Finding, NO_CRL } from './finding.ts';
import type { Inquiry } from './inquiry.ts';
import { ALL_REASONS, reasonsCovered } from './reasons.ts';
import type { AuthorityUrls, SignatureCheck } from './sources.ts';
import { nameText, timeText, urlText } from './texts.ts';

/** Distribution points of a certificate, and URIs of one of them, that are looked at. */
const MOST_POINTS = 8;
const MOST_URIS = 4;

/** What {@link CrlCheck} needs. */
export interface CrlCheckServices {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly urlsOf: (issuer: Certificate) => AuthorityUrls;
  readonly shelf: CrlShelf;
  readonly fetches: CrlFetches;
  readonly signers: CrlSigners;
  readonly signatures: SignatureCheck;
}

interface Point {
  readonly point: DistributionPoint;
  readonly uris: readonly string[];
  readonly origin: UrlOrigin;
}

/** A CRL that is properly signed; what follows from its date is another question. */
interface ProvenCrl {
  readonly crl: Crl;
  readonly signer: Certificate;
  readonly isCurrent: boolean;
}

/** State of one question while point after point is asked, RFC 5280 section 6.3.2. */
interface Progress {
  readonly question: Inquiry;
  readonly deadline: Deadline;
  readonly covered: Set<string>;
  /** Fetches that may still come. */
  tries: number;
  /** The oldest of the lists that were used, milliseconds since 1970. */
  asOf: number;
  staleSince: number | undefined;
  problem: string | undefined;
}

/** Asks CRLs about certificates, RFC 5280 section 6.3. */
export class CrlCheck {
  readonly #services: CrlCheckServices;

  constructor(services: CrlCheckServices) {
    this.#services = services;
  }

  /** Whether there is a URI where a CRL about the certificate may be found. */
  hasUris({ certificate, issuer }: Inquiry): boolean {
    return (
      this.#services.urlsOf(issuer).crlUris.length > 0 ||
      certificate.crlDistributionPoints.some(({ uris }) => uris.length > 0)
    );
  }

  /** Whether there is no CRL at hand and none to fetch: {@link check} would find {@link NO_CRL}. */
  isVain({ certificate, issuer, receivedCrls }: Inquiry): boolean {
    return (
      receivedCrls.length === 0 &&
      certificate.crlDistributionPoints.length === 0 &&
      this.#services.urlsOf(issuer).crlUris.length === 0 &&
      !this.#services.shelf.has(certificate.issuerKey)
    );
  }

  /** Never rejects, and takes no longer than the deadline and what is computed afterwards. */
  async check(question: Inquiry, deadline: Deadline): Promise<Finding> {
    const points = this.#points(question);
    const progress: Progress = {
      question,
      deadline,
      covered: new Set(),
      tries: points.reduce((sum, { uris }) => sum + uris.length, 0),
      asOf: Number.POSITIVE_INFINITY,
      staleSince: undefined,
      problem: undefined,
    };
    for (const point of points) {
      const revoked = await this.#ask(point, progress);
      if (revoked !== undefined) return revoked;
      if (progress.covered.size === ALL_REASONS.size) return { kind: 'good', asOf: progress.asOf };
    }
    return this.#unknown(progress);
  }

  /**
   * The points to ask, in order: the operator's, the certificate's, and at last whatever else its issuer published (section 6.3.3,
   * last paragraph).
   */
  #points({ certificate, issuer }: Inquiry): readonly Point[] {
    const own = certificate.crlDistributionPoints.slice(0, MOST_POINTS).map((point): Point => {
      return { point, uris: point.uris.slice(0, MOST_URIS), origin: 'certificate' };
    });
    const { crlUris } = this.#services.urlsOf(issuer);
    const names = crlUris.map((text) => ({ kind: 'uri' as const, text }));
    const general: Point = {
      point: {
        uris: crlUris,
        names: [{ kind: 'directory', name: certificate.issuer }, ...names],
        crlIssuers: [],
      },
      uris: crlUris.slice(0, MOST_URIS),
      origin: 'configured',
    };
    return crlUris.length > 0 ? [general, ...own] : [...own, general];
  }

  /** Asks at one point; the result is the revocation, if there is one. */
  async #ask({ point, uris, origin }: Point, progress: Progress): Promise<Finding | undefined> {
    let used = await this.#use(point, progress, false);
    if (used.isCurrent) this.#services.logger.log('cfg', 1, '  using cached crl');
    for (const uri of uris) {
      if (used.isCurrent || used.revoked !== undefined) break;
      const fetched = await progress.deadline
        .share(progress.tries--)
        .wait(this.#services.fetches.fetch(uri, origin));
      if (fetched?.ok === true) used = await this.#use(point, progress, false);
      else progress.problem ??= fetched?.reason ?? `'${urlText(uri)}' does not answer in time`;
    }
    if (!used.isCurrent && used.revoked === undefined)
      used = await this.#use(point, progress, true);
    return used.revoked;
  }

  /**
   * Uses what is at hand at a point: of each part of the certificates and the reasons the newest CRL, as long as it adds a reason
   * (section 6.3.3 (d), (e) and (l)). Stale ones only if told so, when nothing better can be had.
   */
  async #use(
    point: DistributionPoint,
    progress: Progress,
    withStale: boolean,
  ): Promise<{ readonly revoked?: Finding; readonly isCurrent: boolean }> {
    const done = new Set<string>();
    let isCurrent = false;
    for (;;) {
      const base = await this.#base(point, progress, done);
      if (base === undefined) return { isCurrent };
      done.add(scopeText(base.crl));
      if (!base.isCurrent && !withStale) continue;
      const delta = await this.#delta(base, progress);
      const revoked = revocationIn(base, delta, progress.question.certificate);
      if (revoked !== undefined) return { revoked, isCurrent };
      this.#note(base, delta, reasonsCovered(base.crl, point), progress);
      isCurrent ||= base.isCurrent;
    }
  }

  #note(
    base: ProvenCrl,
    delta: ProvenCrl | undefined,
    reasons: ReadonlySet<string>,
    progress: Progress,
  ): void {
    const { logger } = this.#services;
    const end = Math.max(endOf(base.crl, 'crl'), delta === undefined ? 0 : endOf(delta.crl, 'crl'));
    if (base.isCurrent || delta?.isCurrent === true) {
      logger.log('cfg', 1, `  crl is valid: until ${timeText(end)}`);
      for (const reason of reasons) progress.covered.add(reason);
      progress.asOf = Math.min(progress.asOf, thisUpdateOf(base, delta));
    } else {
      logger.log('cfg', 1, `  crl is stale: since ${timeText(end)}`);
      progress.staleSince = Math.max(progress.staleSince ?? 0, end);
    }
  }

  #unknown({ covered, staleSince, problem, question }: Progress): Finding {
    if (staleSince !== undefined) {
      return { kind: 'stale', reason: `the CRL is stale since ${timeText(staleSince)}` };
    }
    if (problem !== undefined) return { kind: 'unavailable', reason: problem };
    if (covered.size > 0) {
      const missing = [...ALL_REASONS].filter((reason) => !covered.has(reason)).join(', ');
      return { kind: 'unavailable', reason: `no CRL answers for ${missing}` };
    }
    return this.hasUris(question)
      ? { kind: 'unavailable', reason: 'no CRL about the certificate was found' }
      : NO_CRL;
  }

  /** The newest complete CRL for a point that is properly signed, adds a reason, and is of a scope that is not done yet. */
  #base(
    point: DistributionPoint,
    { question, covered }: Progress,
    done: ReadonlySet<string>,
  ): Promise<ProvenCrl | undefined> {
    const { certificate, receivedCrls } = question;
    const isWanted = (crl: Crl): boolean =>
      crl.baseCrlNumber === undefined &&
      crlCovers(crl, certificate, point) &&
      [...reasonsCovered(crl, point)].some((reason) => !covered.has(reason)) &&
      !done.has(scopeText(crl));
    const issuers = crlIssuersOf(certificate, point);
    return this.#firstProven(question, this.#services.shelf.find(issuers, receivedCrls, isWanted));
  }

  async #firstProven(question: Inquiry, crls: readonly Crl[]): Promise<ProvenCrl | undefined> {
    const { clock, logger, shelf, signers } = this.#services;
    for (const crl of crls) {
      const currency = currencyOf(crl, 'crl', clock.wallClock());
      if (currency === 'early') continue;
      const signer = await signers.of(crl, question);
      if (signer.ok) {
        logger.log('cfg', 2, `  crl correctly signed by "${nameText(signer.certificate.subject)}"`);
        shelf.prove(crl, signer.certificate);
        return { crl, signer: signer.certificate, isCurrent: currency === 'current' };
      }
      logger.log('cfg', 1, `crl of "${nameText(crl.issuer)}" is not used: ${signer.reason}`);
      // It may be right for certificates of another key of the same issuer.
      if (signer.forged) shelf.disprove(crl);
    }
    return undefined;
  }

  /** The newest delta that continues a complete CRL; fetched if there is a place to fetch it from, and missed if not. */
  async #delta(base: ProvenCrl, progress: Progress): Promise<ProvenCrl | undefined> {
    if (base.crl.crlNumber === undefined) return undefined;
    const { certificate } = progress.question;
    const points = [...certificate.freshestCrl, ...base.crl.freshestCrl];
    const uris = [...new Set(points.flatMap((point) => point.uris))].slice(0, MOST_URIS);
    let delta = await this.#deltaAtHand(base, progress);
    let tries = uris.length + progress.tries;
    for (const uri of uris) {
      if (delta?.isCurrent === true) break;
      const fetch = this.#services.fetches.fetch(uri, 'certificate');
      const fetched = await progress.deadline.share(tries--).wait(fetch);
      if (fetched?.ok === true) delta = (await this.#deltaAtHand(base, progress)) ?? delta;
    }
    return delta;
  }

  async #deltaAtHand(base: ProvenCrl, { question }: Progress): Promise<ProvenCrl | undefined> {
    const { clock, shelf, signatures } = this.#services;
    const found = shelf.find([base.crl.issuerKey], question.receivedCrls, (crl) =>
      deltaContinues(crl, base.crl),
    );
    for (const crl of found) {
      const currency = currencyOf(crl, 'crl', clock.wallClock());
      if (currency === 'early') continue;
      // The key of the complete CRL, and no other one of its issuer: section 6.3.3 (h).
      if (await signatures.verify(base.signer, crl)) {
        shelf.prove(crl, base.signer);
        return { crl, signer: base.signer, isCurrent: currency === 'current' };
      }
      if (crl.authorityKeyId?.keyId !== undefined) shelf.disprove(crl);
    }
    return undefined;
  }
}

/**
 * Section 6.3.3 (i) to (k): the delta has the last word, if it is current. That a certificate was revoked is believed of stale
 * lists as well.
 */
function revocationIn(
  base: ProvenCrl,
  delta: ProvenCrl | undefined,
  { issuerKey, serial }: Certificate,
): Finding | undefined {
  const later = delta?.crl.find(issuerKey, serial);
  const removed = later?.reason === 'removeFromCRL';
  if (removed && delta?.isCurrent === true) return undefined;
  const entry = removed || later === undefined ? base.crl.find(issuerKey, serial) : later;
  if (entry === undefined || entry.reason === 'removeFromCRL') return undefined;
  const reason = entry.reason ?? 'unspecified';
  return { kind: 'revoked', revokedAt: entry.date, reason, asOf: thisUpdateOf(base, delta) };
}

function thisUpdateOf(base: ProvenCrl, delta: ProvenCrl | undefined): number {
  return Math.max(base.crl.thisUpdate, delta?.crl.thisUpdate ?? 0);
}
