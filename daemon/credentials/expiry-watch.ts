import type { Clock, Timer } from '../contracts/clock.ts';
import type { Logger } from '../contracts/logger.ts';
import { LruMap } from '../util/lru.ts';
import { nameText, timeText } from './revocation/texts.ts';
import type { Certificate } from './x509/certificate.ts';

const DAY = 24 * 3_600_000;

/** Days before the end at which a warning is due. */
const WARNINGS: readonly number[] = [30, 7, 1];

/** Milliseconds between two looks at the time of day, which may jump. */
const PERIOD = 10 * 60_000;

/** Certificates of which is remembered what was said about them. */
const REMEMBERED = 4096;

/** A certificate that somebody would miss. */
export interface CertificateInUse {
  readonly certificate: Certificate;
  /** `own` is one that we authenticate with, `ca` one that peers' certificates depend on. */
  readonly role: 'own' | 'ca';
}

/** What {@link ExpiryWatch} needs. */
export interface ExpiryWatchServices {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Asked at each look. */
  readonly inUse: () => Iterable<CertificateInUse>;
  /** Told once of each certificate that has expired. */
  readonly onExpired: (certificate: Certificate) => void;
}

/** Warns 30, 7 and 1 days before certificates that are in use expire, and when they have. Each is said once. */
export class ExpiryWatch {
  readonly #services: ExpiryWatchServices;
  /** Days before the end that were warned of last, by fingerprint; 0 is the end. */
  readonly #said = new LruMap<string, number>(REMEMBERED);
  #timer: Timer | undefined;

  constructor(services: ExpiryWatchServices) {
    this.#services = services;
  }

  /** Looks now and from now on. */
  start(): void {
    this.stop();
    this.check();
    this.#timer = this.#services.clock.after(PERIOD, () => this.start());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Looks once, by the wall clock: also after it was set back a warning that was given is not repeated. */
  check(): void {
    const now = this.#services.clock.wallClock();
    for (const used of this.#services.inUse()) {
      const { fingerprint, notAfter } = used.certificate;
      const left = notAfter - now;
      const due = left < 0 ? 0 : WARNINGS.findLast((days) => left <= days * DAY);
      const said = this.#said.get(fingerprint) ?? Number.POSITIVE_INFINITY;
      if (due === undefined || due >= said) continue;
      this.#said.set(fingerprint, due);
      this.#warn(used, left);
    }
  }

  #warn({ certificate, role }: CertificateInUse, left: number): void {
    const { logger, onExpired } = this.#services;
    const what = role === 'own' ? 'certificate' : 'CA certificate';
    const name = `${what} "${nameText(certificate.subject)}"`;
    const end = timeText(certificate.notAfter);
    if (left < 0) {
      logger.log('cfg', 0, `${name} expired on ${end}`);
      onExpired(certificate);
    } else {
      const days = Math.floor(left / DAY);
      const when = days === 0 ? 'in less than a day' : `in ${days} day${days === 1 ? '' : 's'}`;
      logger.log('cfg', 1, `${name} expires ${when}, on ${end}`);
    }
  }
}
