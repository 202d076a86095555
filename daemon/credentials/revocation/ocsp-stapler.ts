import type { Clock, Timer } from '../../contracts/clock.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { Certificate } from '../x509/certificate.ts';
import { Deadline } from './deadline.ts';
import type { OcspCheck, OcspSubject } from './ocsp-check.ts';
import { nameText } from './texts.ts';

/** Certificates whose status is kept at hand, and milliseconds without being asked for after which one is given up. */
const MOST = 256;
const UNUSED = 24 * 3_600_000;

/** Milliseconds from one try to the next: at most after success, and after a failure. */
const PERIOD = 15 * 60_000;
const PAUSE = 60_000;

/** What {@link OcspStapler} needs. */
export interface OcspStaplerServices {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ocsp: OcspCheck;
  /** Whether OCSP is used at all. */
  readonly enabled: () => boolean;
  /** Milliseconds of one refresh. */
  readonly timeout: () => number;
}

interface Watched {
  readonly subject: OcspSubject;
  timer: Timer | undefined;
  refreshing: Promise<void> | undefined;
  lastUse: number;
  /** The last try brought nothing: the next one comes by the timer. */
  hasFailed: boolean;
}

/**
 * OCSP responses about our own certificates, for peers who ask in IKE (RFC 4806). They are fetched ahead and renewed before they
 * expire, so that no authentication waits for a responder once the first one has been answered.
 */
export class OcspStapler {
  readonly #services: OcspStaplerServices;
  /** By fingerprint, the least used first. */
  readonly #watched = new Map<string, Watched>();

  constructor(services: OcspStaplerServices) {
    this.#services = services;
  }

  /** Begins to keep responses for a chain, from the end entity upwards. */
  prepare(chain: readonly Certificate[]): void {
    if (!this.#services.enabled()) return;
    for (const subject of subjectsOf(chain)) {
      if (this.#services.ocsp.hasUris(subject)) this.#watch(subject);
    }
  }

  /** DER of the responses that there are now, in the order of the chain. Also begins to keep them. */
  staple(chain: readonly Certificate[]): readonly Uint8Array[] {
    this.prepare(chain);
    const { ocsp } = this.#services;
    return subjectsOf(chain).flatMap((subject) => ocsp.kept(subject)?.der ?? []);
  }

  /** The same, after waiting at most so many milliseconds for responses that were not there. Never rejects. */
  async stapleWithin(chain: readonly Certificate[], limit: number): Promise<readonly Uint8Array[]> {
    this.prepare(chain);
    const { clock, ocsp } = this.#services;
    const missing = subjectsOf(chain).filter((subject) => ocsp.kept(subject) === undefined);
    const pending = missing.flatMap(({ certificate }) => {
      return this.#watched.get(certificate.fingerprint)?.refreshing ?? [];
    });
    const deadline = new Deadline(clock, clock.now() + limit);
    if (pending.length > 0) await deadline.wait(Promise.all(pending));
    return this.staple(chain);
  }

  /** Gives up everything. */
  close(): void {
    for (const { timer } of this.#watched.values()) timer?.cancel();
    this.#watched.clear();
  }

  #watch(subject: OcspSubject): void {
    const { fingerprint } = subject.certificate;
    const lastUse = this.#services.clock.now();
    const known = this.#watched.get(fingerprint);
    if (known !== undefined) {
      known.lastUse = lastUse;
      this.#watched.delete(fingerprint);
      this.#watched.set(fingerprint, known);
      // Somebody flushed what was there.
      const isLost = this.#services.ocsp.kept(subject) === undefined;
      if (isLost && !known.hasFailed && known.refreshing === undefined) {
        known.timer?.cancel();
        this.#refresh(known);
      }
      return;
    }
    const watched: Watched = {
      subject,
      timer: undefined,
      refreshing: undefined,
      lastUse,
      hasFailed: false,
    };
    this.#watched.set(fingerprint, watched);
    for (const [oldest, { timer }] of this.#watched) {
      if (this.#watched.size <= MOST) break;
      timer?.cancel();
      this.#watched.delete(oldest);
    }
    this.#refresh(watched);
  }

  #refresh(watched: Watched): void {
    watched.refreshing = this.#ask(watched).then((succeeded) => {
      watched.refreshing = undefined;
      watched.hasFailed = !succeeded;
      const { fingerprint } = watched.subject.certificate;
      if (this.#watched.get(fingerprint) !== watched) return;
      const { clock } = this.#services;
      const half = this.#services.ocsp.keptFor(watched.subject) / 2;
      const pause = succeeded ? Math.min(PERIOD, Math.max(PAUSE, half)) : PAUSE;
      watched.timer = clock.after(pause, () => {
        if (clock.now() - watched.lastUse > UNUSED) this.#watched.delete(fingerprint);
        else this.#refresh(watched);
      });
    });
  }

  async #ask({ subject }: Watched): Promise<boolean> {
    const { clock, logger, ocsp, timeout } = this.#services;
    const fetched = await ocsp.refresh(subject, new Deadline(clock, clock.now() + timeout()));
    if (!fetched.ok) {
      const name = nameText(subject.certificate.subject);
      logger.log('cfg', 1, `no ocsp response for our own "${name}": ${fetched.reason}`);
    }
    return fetched.ok;
  }
}

function subjectsOf(chain: readonly Certificate[]): readonly OcspSubject[] {
  return chain.flatMap((certificate, i) => {
    const issuer = chain[i + 1];
    return issuer === undefined ? [] : { certificate, issuer };
  });
}
