import { type Endpoint, printEndpoint } from '../proto/endpoint.ts';
import { ExchangeType } from '../proto/iana/exchange-types.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import { NO_SPI } from '../proto/ike-spi.ts';
import { Throttle } from '../util/throttle.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { type IkeHeader, parseHeader } from '../wire/header.ts';
import { encodeCookieResponse, peekInitRequest } from '../wire/init-peek.ts';
import { alertFromOutside } from './announce.ts';
import { crashAnswer } from './crash-detection.ts';
import type { IkeEnvironment } from './environment.ts';
import type { IkeSa } from './ike-sa.ts';
import type { IkeSaTables } from './ike-sa-tables.ts';
import type { ResponderGuard } from './responder-guard.ts';
import { versionRefusal } from './version-refusal.ts';

/** Messages that ended before any IKE_SA saw them, by cause. */
export interface DropCounters {
  malformed: number;
  version: number;
  unknownSpi: number;
  guarded: number;
  cookies: number;
}

/** What the door needs of the house. */
export interface FrontDoorDeps {
  readonly env: IkeEnvironment;
  readonly tables: IkeSaTables;
  readonly guard: ResponderGuard;
  /** Makes an IKE_SA of which we are the responder. */
  open(local: Endpoint, remote: Endpoint): IkeSa;
}

/** Where messages come in: each goes to its IKE_SA, opens a new one, or ends here, which costs as little as can be. */
export class FrontDoor {
  readonly drops: DropCounters = {
    malformed: 0,
    version: 0,
    unknownSpi: 0,
    guarded: 0,
    cookies: 0,
  };
  readonly #env: IkeEnvironment;
  readonly #tables: IkeSaTables;
  readonly #guard: ResponderGuard;
  readonly #open: FrontDoorDeps['open'];
  readonly #throttle = new Throttle(10, 1000);
  /** Strangers can ask for these. */
  readonly #crashAnswers = new Throttle(50, 1000);
  #closed = false;

  constructor({ env, tables, guard, open }: FrontDoorDeps) {
    this.#env = env;
    this.#tables = tables;
    this.#guard = guard;
    this.#open = open;
  }

  /** Nobody new is let in any more. */
  close(): void {
    this.#closed = true;
  }

  /** Takes an IKE message as it came from the network, marker removed; the octets are the caller's afterwards. */
  receive(message: Uint8Array, local: Endpoint, remote: Endpoint): void {
    let header: IkeHeader;
    try {
      header = parseHeader(message);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      if (error.notify === NotifyType.INVALID_MAJOR_VERSION)
        this.#refuseVersion(message, local, remote);
      this.drops.malformed++;
      this.#env.counters.count('invalid');
      alertFromOutside(this.#env, 'parse-error-header');
      this.#note(
        'net',
        `received malformed message from ${printEndpoint(remote)}: ${error.reason}`,
      );
      return;
    }
    if (header.exchange === ExchangeType.IKE_SA_INIT && !header.isResponse) {
      this.#receiveInit(header, message, local, remote);
      return;
    }
    const sa = this.#tables.bySpi.get(header.fromInitiator ? header.spiR : header.spiI);
    if (sa === undefined || !belongs(sa, header)) {
      this.drops.unknownSpi++;
      this.#env.counters.count('invalid-spi');
      alertFromOutside(this.#env, 'invalid-ike-spi');
      this.#note(
        'net',
        `received message with unknown IKE SPI from ${printEndpoint(remote)}, ignored`,
      );
      this.#proveCrash(header, local, remote);
      return;
    }
    this.#logReceived(sa, message, local, remote);
    sa.deliver(header, message, local, remote);
  }

  #receiveInit(header: IkeHeader, message: Uint8Array, local: Endpoint, remote: Endpoint): void {
    if (header.messageId !== 0 || header.spiR !== NO_SPI || !header.fromInitiator || this.#closed) {
      this.drops.malformed++;
      return;
    }
    const known = this.#tables.halfOpen(header.spiI, remote);
    if (known !== undefined) {
      known.deliver(header, message, local, remote);
      return;
    }
    // A request of our own that came back: its SPI is one of ours.
    if (this.#tables.bySpi.has(header.spiI)) {
      this.drops.malformed++;
      return;
    }
    const peek = peekInitRequest(message);
    if (peek === undefined) {
      this.drops.malformed++;
      this.#env.counters.count('invalid');
      alertFromOutside(this.#env, 'parse-error-body');
      this.#note('net', `received unusable IKE_SA_INIT request from ${printEndpoint(remote)}`);
      return;
    }
    const verdict = this.#guard.judge(
      peek,
      remote.address,
      this.#tables.byId.size,
      this.#env.jobs.queued,
    );
    if (verdict.kind === 'accept') {
      this.#accept(header, message, local, remote);
    } else if (verdict.kind === 'cookie') {
      this.drops.cookies++;
      this.#env.send(local, remote, encodeCookieResponse(message, verdict.cookie));
    } else {
      this.drops.guarded++;
      const now = this.#env.clock.wallClock();
      this.#env.attempts.refused.ignored(local, remote, verdict.reason, now);
      this.#note('net', `ignoring IKE_SA_INIT from ${remote.address}: ${verdict.reason}`);
    }
  }

  #accept(header: IkeHeader, message: Uint8Array, local: Endpoint, remote: Endpoint): void {
    const env = this.#env;
    const sa = this.#open(local, remote);
    sa.spiI = header.spiI;
    this.#tables.opened(sa, header.spiI, remote);
    sa.openedFrom = remote;
    this.#guard.opened(remote.address);
    this.#logReceived(sa, message, local, remote);
    sa.timers.start('halfOpen', env.options().half_open_timeout * 1000);
    sa.deliver(header, message, local, remote);
    // Nothing is kept of a request that could not be read.
    sa.post(() =>
      sa.state.kind === 'created' ? sa.destroy('unusable IKE_SA_INIT request') : undefined,
    );
  }

  #proveCrash(header: IkeHeader, local: Endpoint, remote: Endpoint): void {
    const { crashSecret, crypto, clock } = this.#env;
    if (crashSecret === undefined || this.#closed) return;
    // One of ours: the message has the wrong roles, and its sender does not get to see our token.
    const { bySpi } = this.#tables;
    if (bySpi.has(header.spiI) || bySpi.has(header.spiR)) return;
    const answer = crashAnswer(crypto, crashSecret, header);
    if (answer === undefined || this.#crashAnswers.pass(clock.now()) === undefined) return;
    this.#env.send(local, remote, answer);
  }

  #refuseVersion(message: Uint8Array, local: Endpoint, remote: Endpoint): void {
    this.drops.version++;
    const answer = versionRefusal(message);
    if (answer !== undefined) this.#env.send(local, remote, answer);
  }

  #logReceived(sa: IkeSa, message: Uint8Array, local: Endpoint, remote: Endpoint): void {
    if (!sa.log.enabled('net', 1)) return;
    sa.log.log(
      'net',
      1,
      `received packet: from ${printEndpoint(remote)} to ${printEndpoint(local)} (${message.length} bytes)`,
    );
  }

  // Strangers cause these lines, so their number is bounded.
  #note(group: 'net', text: string): void {
    const passed = this.#throttle.pass(this.#env.clock.now());
    if (passed === undefined) return;
    const missing = passed.suppressed > 0 ? ` (${passed.suppressed} similar lines left out)` : '';
    this.#env.log.log(group, 1, `${text}${missing}`);
  }
}

/** Both SPIs and the roles fit; the responder's SPI is new in the answer to IKE_SA_INIT only. */
function belongs(sa: IkeSa, header: IkeHeader): boolean {
  if (sa.isInitiator === header.fromInitiator || sa.spiI !== header.spiI) return false;
  if (sa.spiR === header.spiR) return true;
  return sa.spiR === NO_SPI && header.exchange === ExchangeType.IKE_SA_INIT && header.isResponse;
}
