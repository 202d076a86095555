import type { Clock } from '../../contracts/clock.ts';
import type { Fetcher, UrlOrigin } from '../../contracts/fetcher.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { Random } from '../../contracts/random.ts';
import { equalBytes } from '../../util/bytes.ts';
import { toHex } from '../../util/hex.ts';
import { LruMap } from '../../util/lru.ts';
import type { Certificate, OcspResponse } from '../x509/certificate.ts';
import { problemText } from '../x509/decoded.ts';
import type { RevocationQuestion } from './checker.ts';
import { endOf } from './currency.ts';
import type { Deadline } from './deadline.ts';
import { type Finding, NO_RESPONDER } from './finding.ts';
import { answerAbout, type CertIdOf, type OcspAnswer } from './ocsp-answer.ts';
import type { OcspCodec } from './ocsp-codec.ts';
import type { OcspResponders } from './ocsp-responders.ts';
import { RecentAttempts } from './recent-attempts.ts';
import type { AuthorityUrls, RevocationSettings, RevocationSource } from './sources.ts';
import { nameText, timeText, urlText } from './texts.ts';

/** Responders that are asked about one certificate, octets of a response, redirects. */
const MOST_URIS = 4;
const SIZE_LIMIT = 64 * 1024;
const REDIRECTS = 3;

/** Milliseconds for which a responder is not asked again about a certificate after it failed, and an answer is kept at most. */
const PAUSE = 30_000;
const LONGEST_KEPT = 3_600_000;
const REMEMBERED = 2048;

/** What {@link OcspCheck} needs. */
export interface OcspCheckServices {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly fetcher: Fetcher;
  readonly codec: OcspCodec;
  readonly source: () => RevocationSource;
  readonly urlsOf: (issuer: Certificate) => AuthorityUrls;
  readonly responders: OcspResponders;
  readonly settings: () => RevocationSettings;
}

/** A certificate and the CA that issued it: what OCSP is asked about. */
export type OcspSubject = Pick<RevocationQuestion, 'certificate' | 'issuer'>;

interface Kept {
  readonly response: OcspResponse;
  /** Milliseconds since 1970. */
  readonly until: number;
}

type Fetched =
  | { readonly ok: true; readonly response: OcspResponse }
  | { readonly ok: false; readonly isStale: boolean; readonly reason: string };

/** Asks OCSP about certificates, RFC 6960 and 9654. */
export class OcspCheck {
  readonly #services: OcspCheckServices;
  readonly #attempts: RecentAttempts<Fetched>;
  /** Verified responses, by what they are about. */
  readonly #kept = new LruMap<string, Kept>(REMEMBERED);

  constructor(services: OcspCheckServices) {
    this.#services = services;
    this.#attempts = new RecentAttempts(services.clock, REMEMBERED);
  }

  /** Whether there is a responder to ask. */
  hasUris({ certificate, issuer }: OcspSubject): boolean {
    return this.#uris(certificate, issuer).length > 0;
  }

  /** Whether there is no responder to ask and no response at hand: {@link check} would find {@link NO_RESPONDER}. */
  isVain(question: RevocationQuestion): boolean {
    const { certificate, issuer, receivedOcsp } = question;
    if (receivedOcsp.length > 0 || certificate.ocspUris.length > 0) return false;
    const { source, urlsOf } = this.#services;
    if (source().ocspResponses().length > 0 || urlsOf(issuer).ocspUris.length > 0) return false;
    return this.#kept.size === 0 || this.kept(question) === undefined;
  }

  /** Never rejects. `tries` are the fetches that may follow if this finds nothing. */
  async check(question: RevocationQuestion, deadline: Deadline, tries: number): Promise<Finding> {
    const atHand = await this.#atHand(question);
    if (atHand !== undefined) return atHand;
    const uris = this.#uris(question.certificate, question.issuer);
    let left = uris.length + tries;
    let problem: Finding = NO_RESPONDER;
    for (const { uri, origin } of uris) {
      const fetched = await deadline.share(left--).wait(this.#fetchOnce(question, uri, origin));
      if (fetched?.ok === true) return this.#finding(fetched.response, question);
      const reason = fetched?.reason ?? `'${urlText(uri)}' does not answer in time`;
      problem = { kind: fetched?.isStale === true ? 'stale' : 'unavailable', reason };
    }
    return problem;
  }

  /** A verified response that counts now, if one is kept; it is the whole response as it was received. */
  kept(subject: OcspSubject): OcspResponse | undefined {
    const kept = this.#kept.get(subjectKey(subject));
    return kept !== undefined && kept.until > this.#services.clock.wallClock()
      ? kept.response
      : undefined;
  }

  /** Milliseconds for which what is kept still counts; 0 if nothing is. */
  keptFor(subject: OcspSubject): number {
    const until = this.#kept.get(subjectKey(subject))?.until ?? 0;
    return Math.max(0, until - this.#services.clock.wallClock());
  }

  /** Asks the responders whatever is kept; the result is a verified response, or why there is none. */
  async refresh(subject: OcspSubject, deadline: Deadline): Promise<Fetched> {
    const uris = this.#uris(subject.certificate, subject.issuer);
    let last: Fetched = { ok: false, isStale: false, reason: 'nobody says where a responder is' };
    for (const { uri, origin } of uris) {
      const fetched = await deadline.wait(this.#fetchOnce(subject, uri, origin));
      if (fetched?.ok === true) return fetched;
      last = fetched ?? {
        ok: false,
        isStale: false,
        reason: `'${urlText(uri)}' does not answer in time`,
      };
    }
    return last;
  }

  /** Verified responses. */
  list(): readonly OcspResponse[] {
    return [...this.#kept.values()].map(({ response }) => response);
  }

  clear(): void {
    this.#kept.clear();
    this.#attempts.clear();
  }

  /** What was kept, stapled or loaded, the newest first. */
  async #atHand(question: RevocationQuestion): Promise<Finding | undefined> {
    const { clock, source, logger } = this.#services;
    const now = clock.wallClock();
    const certId = this.#certIds(question);
    const kept = this.kept(question);
    const offered = [...question.receivedOcsp, ...source().ocspResponses()]
      .map((response) => ({ response, answer: answerAbout(response, certId, now) }))
      .concat(kept === undefined ? [] : { response: kept, answer: answerAbout(kept, certId, now) })
      .filter(({ answer }) => answer.kind !== 'unusable')
      .sort((a, b) => updateOf(b.answer) - updateOf(a.answer));
    for (const { response } of offered) {
      if (response === kept) {
        logger.log('cfg', 1, '  using cached ocsp response');
        return this.#finding(response, question);
      }
      if (await this.#isSigned(response, question)) {
        this.#keep(response, question, undefined);
        return this.#finding(response, question);
      }
    }
    return undefined;
  }

  #finding(response: OcspResponse, subject: OcspSubject): Finding {
    const now = this.#services.clock.wallClock();
    const answer = answerAbout(response, this.#certIds(subject), now);
    if (answer.kind === 'unusable') return { kind: 'unavailable', reason: answer.why };
    const { single } = answer;
    if (answer.kind === 'good') {
      const until = timeText(endOf(single, 'ocsp'));
      this.#services.logger.log('cfg', 1, `  ocsp response is valid: until ${until}`);
      return { kind: 'good', asOf: single.thisUpdate };
    }
    return {
      kind: 'revoked',
      revokedAt: single.revokedAt ?? single.thisUpdate,
      reason: single.reason ?? 'unspecified',
      asOf: single.thisUpdate,
    };
  }

  #fetchOnce(subject: OcspSubject, uri: string, origin: UrlOrigin): Promise<Fetched> {
    return this.#attempts.run(
      `${origin} ${uri} ${subjectKey(subject)}`,
      () => this.#fetch(subject, uri, origin),
      (fetched) => (fetched.ok ? 0 : PAUSE),
    );
  }

  async #fetch(subject: OcspSubject, url: string, origin: UrlOrigin): Promise<Fetched> {
    const { clock, codec, fetcher, logger, random, settings } = this.#services;
    logger.log('cfg', 1, `  requesting ocsp status from '${urlText(url)}' ...`);
    const { timeout, nonceOctets } = settings();
    const nonce = random.bytes(nonceOctets);
    const certId = this.#certIds(subject);
    // Responders that know other hashes are rare, those that know only this one are not.
    const id = certId('sha1');
    if (id === undefined) return this.#failed(url, 'the key of the issuer is of an unknown kind');
    const fetched = await fetcher.fetch({
      url,
      origin,
      timeLimit: timeout,
      sizeLimit: SIZE_LIMIT,
      redirects: REDIRECTS,
      body: codec.request(id, nonce),
      contentType: 'application/ocsp-request',
    });
    if (!fetched.ok) return this.#failed(url, fetched.reason);
    const decoded = codec.response(fetched.body);
    if (!decoded.ok) return this.#failed(url, problemText(decoded.problem));
    const response = decoded.value;
    if (response.nonce !== undefined && !equalBytes(response.nonce, nonce)) {
      return this.#failed(url, 'the response answers another request (nonce)');
    }
    const answer = answerAbout(response, certId, clock.wallClock());
    if (answer.kind === 'unusable') return this.#failed(url, answer.why, answer.isStale);
    if (!(await this.#isSigned(response, subject))) {
      return this.#failed(url, 'the response is not signed by somebody who may');
    }
    this.#keep(response, subject, fetched.maxAge);
    return { ok: true, response };
  }

  #failed(url: string, why: string, isStale = false): Fetched {
    const { logger } = this.#services;
    logger.log('cfg', 1, `ocsp request to '${urlText(url)}' failed: ${why}`);
    return { ok: false, isStale, reason: `ocsp request to '${urlText(url)}' failed: ${why}` };
  }

  async #isSigned(response: OcspResponse, { issuer }: OcspSubject): Promise<boolean> {
    const { logger, responders } = this.#services;
    const signer = await responders.signerOf(response, issuer);
    if (signer.ok) {
      const name = nameText(signer.certificate.subject);
      logger.log('cfg', 1, `  ocsp response correctly signed by "${name}"`);
    } else {
      logger.log('cfg', 1, `ocsp response verification failed, ${signer.reason}`);
    }
    return signer.ok;
  }

  #keep(response: OcspResponse, subject: OcspSubject, maxAge: number | undefined): void {
    const now = this.#services.clock.wallClock();
    const answer = answerAbout(response, this.#certIds(subject), now);
    if (answer.kind === 'unusable') return;
    const signers = response.certificates.map(({ notAfter }) => notAfter);
    const until = Math.min(
      endOf(answer.single, 'ocsp'),
      now + Math.min(maxAge ?? LONGEST_KEPT, LONGEST_KEPT),
      ...signers.filter((notAfter) => notAfter > now),
    );
    this.#kept.set(subjectKey(subject), { response, until });
  }

  #certIds({ certificate, issuer }: OcspSubject): CertIdOf {
    return (hash) => this.#services.codec.certId(certificate, issuer, hash);
  }

  #uris(
    certificate: Certificate,
    issuer: Certificate,
  ): readonly { readonly uri: string; readonly origin: UrlOrigin }[] {
    const configured = this.#services.urlsOf(issuer).ocspUris;
    const own = certificate.ocspUris.filter((uri) => !configured.includes(uri));
    return [
      ...configured.map((uri) => ({ uri, origin: 'configured' as const })),
      ...own.map((uri) => ({ uri, origin: 'certificate' as const })),
    ].slice(0, MOST_URIS);
  }
}

function updateOf(answer: OcspAnswer): number {
  return answer.kind === 'unusable' ? 0 : answer.single.thisUpdate;
}

/** Names what OCSP is asked about. */
function subjectKey({ certificate, issuer }: OcspSubject): string {
  return `${issuer.fingerprint}:${toHex(certificate.serial)}`;
}
