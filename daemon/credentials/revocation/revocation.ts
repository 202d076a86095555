import type { Clock } from '../../contracts/clock.ts';
import type { Logger } from '../../contracts/logger.ts';
import { toHex } from '../../util/hex.ts';
import { LruMap } from '../../util/lru.ts';
import { certificateName } from '../certificate-name.ts';
import type { RevocationStatus } from './checker.ts';
import type { CrlCheck } from './crl-check.ts';
import { Deadline } from './deadline.ts';
import { DISABLED, type Finding, moreTelling, NO_CRL, NO_RESPONDER, statusOf } from './finding.ts';
import type { Inquiry } from './inquiry.ts';
import type { OcspCheck } from './ocsp-check.ts';
import type { RevocationSettings } from './sources.ts';
import { timeText } from './texts.ts';

/** Certificates that are remembered as revoked. */
const REMEMBERED = 10_000;

/** What {@link Revocation} needs. */
export interface RevocationServices {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ocsp: OcspCheck;
  readonly crls: CrlCheck;
  readonly settings: () => RevocationSettings;
}

type Revoked = Extract<Finding, { readonly kind: 'revoked' }>;

/**
 * Finds out whether certificates were revoked: OCSP first, then CRLs. What was known to be revoked stays so until a newer answer
 * says otherwise, also if nobody can be asked any more.
 */
export class Revocation {
  readonly #services: RevocationServices;
  readonly #revoked = new LruMap<string, Revoked>(REMEMBERED);

  constructor(services: RevocationServices) {
    this.#services = services;
  }

  /** Never rejects; at once where there is nothing to look at. */
  check(question: Inquiry): RevocationStatus | Promise<RevocationStatus> {
    const name = certificateName(question.certificate);
    this.#services.logger.log('cfg', 1, `checking certificate status of "${name}"`);
    const nothing = this.#nothing(question);
    return nothing === undefined ? this.#check(question) : this.#conclude(question, nothing);
  }

  async #check(question: Inquiry): Promise<RevocationStatus> {
    const { clock, settings } = this.#services;
    const deadline = new Deadline(clock, (question.since ?? clock.now()) + settings().timeout);
    return this.#conclude(question, await this.#ask(question, deadline));
  }

  #conclude(question: Inquiry, found: Finding): RevocationStatus {
    const { logger } = this.#services;
    const finding = this.#remember(question, found);
    if (finding.kind === 'good') {
      logger.log('cfg', 1, 'certificate status is good');
    } else if (finding.kind === 'revoked') {
      const date = timeText(finding.revokedAt);
      logger.log('cfg', 1, `certificate was revoked on ${date}, reason: ${finding.reason}`);
    } else {
      logger.log('cfg', 1, `certificate status is not available: ${finding.reason}`);
    }
    return statusOf(finding);
  }

  /** Forgets which certificates were revoked. */
  clear(): void {
    this.#revoked.clear();
  }

  /** What asking would find out if nobody can be asked and nothing is at hand, as with most certificates of private CAs; else `undefined`. */
  #nothing(question: Inquiry): Finding | undefined {
    const { crls, ocsp, settings } = this.#services;
    const { enableCrl, enableOcsp } = settings();
    if (enableOcsp && !ocsp.isVain(question)) return undefined;
    if (enableCrl && !crls.isVain(question)) return undefined;
    if (enableOcsp) return NO_RESPONDER;
    return enableCrl ? NO_CRL : DISABLED;
  }

  async #ask(question: Inquiry, deadline: Deadline): Promise<Finding> {
    const { crls, logger, ocsp, settings } = this.#services;
    const { enableCrl, enableOcsp } = settings();
    let found: Finding = DISABLED;
    if (enableOcsp) {
      const further = enableCrl && crls.hasUris(question) ? 1 : 0;
      found = await ocsp.check(question, deadline, further);
      if (found.kind === 'good' || found.kind === 'revoked') return found;
      if (found.kind !== 'skipped') logger.log('cfg', 1, 'ocsp check failed, fallback to crl');
    }
    if (!enableCrl) return found;
    const inCrls = await crls.check(question, deadline);
    if (inCrls.kind === 'good' || inCrls.kind === 'revoked') return inCrls;
    return moreTelling(found, inCrls);
  }

  #remember({ certificate, issuer }: Inquiry, finding: Finding): Finding {
    // Of those that are not, most certificates are.
    if (finding.kind !== 'revoked' && this.#revoked.size === 0) return finding;
    const key = `${issuer.fingerprint}:${toHex(certificate.serial)}`;
    if (finding.kind === 'revoked') {
      this.#revoked.set(key, finding);
      return finding;
    }
    const known = this.#revoked.get(key);
    if (known === undefined) return finding;
    // A peer may still have an answer from before.
    if (finding.kind !== 'good' || finding.asOf < known.asOf) return known;
    this.#revoked.delete(key);
    return finding;
  }
}
