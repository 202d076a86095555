import type { DaemonOptions } from '../config/options.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Crypto } from '../contracts/crypto.ts';
import type { Random } from '../contracts/random.ts';
import { type IpAddress, ipBytes } from '../proto/ip-address.ts';
import { concatBytes } from '../util/bytes.ts';
import { constantTimeEqual } from '../util/constant-time.ts';
import type { InitPeek } from '../wire/init-peek.ts';
import { sourceKey } from './source-key.ts';

/** What to do with an IKE_SA_INIT request. */
export type GuardVerdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'cookie'; readonly cookie: Uint8Array }
  | { readonly kind: 'drop'; readonly reason: string };

export interface GuardDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly options: () => DaemonOptions;
}

const COOKIE_LIFETIME = 10_000;
/** Cookies stay required this long after a threshold was exceeded last, so that the answer does not flip-flop. */
const CALM_DOWN = 10_000;
const SECRET_LIFETIME = 120_000;
const SECRET_OCTETS = 32;
const BUCKETS = 32;
/** How long a request that was refused counts as a half-open IKE_SA. */
const REFUSAL_WINDOW = 1000;
/** Time of issue in milliseconds (6 octets), then half of a SHA-256. */
const TIME_OCTETS = 6;
const MAC_OCTETS = 16;

/**
 * Decides about every IKE_SA_INIT request before anything is made of it, RFC 7296 section 2.6: cookies, limits by
 * source, limits in all. Its own memory does not grow with the number of sources that are not half-open.
 */
export class ResponderGuard {
  readonly #deps: GuardDeps;
  readonly #perSource = new Map<string, number>();
  readonly #bucketCalm = new Float64Array(BUCKETS);
  #halfOpen = 0;
  #refusals = 0;
  #refusalsSince = Number.NEGATIVE_INFINITY;
  #calm = 0;
  #secret: Uint8Array;
  #previous: Uint8Array | undefined;
  #secretUsed: number | undefined;

  constructor(deps: GuardDeps) {
    this.#deps = deps;
    this.#secret = deps.random.bytes(SECRET_OCTETS);
    this.#bucketCalm.fill(Number.NEGATIVE_INFINITY);
    this.#calm = Number.NEGATIVE_INFINITY;
  }

  /** IKE_SAs that we answer and that are not established. */
  get halfOpen(): number {
    return this.#halfOpen;
  }

  /** Order as documented: cookie, block_threshold, then the limits in all. */
  judge(peek: InitPeek, source: IpAddress, totalSas: number, jobs = 0): GuardVerdict {
    const options = this.#deps.options();
    if (options.initiator_only) return { kind: 'drop', reason: 'initiator_only is set' };
    const key = sourceKey(source);
    const fromSource = this.#perSource.get(key) ?? 0;
    if (options.dos_protection) {
      if (this.#cookieRequired(options, key, fromSource) && !this.#verify(peek, source)) {
        return { kind: 'cookie', cookie: this.#issue(peek, source) };
      }
      if (options.block_threshold > 0 && fromSource >= options.block_threshold) {
        return { kind: 'drop', reason: `peer too aggressive: ${fromSource} half open IKE_SAs` };
      }
    }
    const { init_limit_half_open: limit, ikesa_limit: most } = options;
    if (limit > 0 && this.#halfOpen >= limit) {
      return {
        kind: 'drop',
        reason: `half open IKE_SA count of ${this.#halfOpen} exceeds limit of ${limit}`,
      };
    }
    const load = options.init_limit_job_load;
    if (load > 0 && jobs > load) {
      return { kind: 'drop', reason: `job load of ${jobs} exceeds limit of ${load}` };
    }
    if (most > 0 && totalSas >= most) {
      return { kind: 'drop', reason: `ikesa_limit of ${most} reached` };
    }
    return { kind: 'accept' };
  }

  opened(source: IpAddress): void {
    const key = sourceKey(source);
    this.#halfOpen++;
    this.#perSource.set(key, (this.#perSource.get(key) ?? 0) + 1);
  }

  closed(source: IpAddress): void {
    const key = sourceKey(source);
    this.#halfOpen--;
    const left = (this.#perSource.get(key) ?? 1) - 1;
    if (left > 0) this.#perSource.set(key, left);
    else this.#perSource.delete(key);
  }

  /** A half-open IKE_SA ended without being established: its work was done for somebody who may not exist. */
  refused(): void {
    const now = this.#deps.clock.now();
    if (now - this.#refusalsSince >= REFUSAL_WINDOW) {
      this.#refusalsSince = now;
      this.#refusals = 0;
    }
    this.#refusals++;
  }

  #cookieRequired(options: DaemonOptions, key: string, fromSource: number): boolean {
    const now = this.#deps.clock.now();
    const bucket = bucketOf(key);
    // Else a flood of requests that are refused at once would never meet a cookie.
    const refusals = now - this.#refusalsSince < REFUSAL_WINDOW ? this.#refusals : 0;
    if (options.cookie_threshold > 0 && this.#halfOpen + refusals >= options.cookie_threshold)
      this.#calm = now;
    if (options.cookie_threshold_ip > 0 && fromSource >= options.cookie_threshold_ip) {
      this.#bucketCalm[bucket] = now;
    }
    return (
      now - this.#calm < CALM_DOWN ||
      now - (this.#bucketCalm[bucket] ?? Number.NEGATIVE_INFINITY) < CALM_DOWN
    );
  }

  #issue(peek: InitPeek, source: IpAddress): Uint8Array {
    const now = Math.trunc(this.#deps.clock.now());
    this.#secretUsed ??= now;
    if (now - this.#secretUsed > SECRET_LIFETIME) {
      this.#previous?.fill(0);
      this.#previous = this.#secret;
      this.#secret = this.#deps.random.bytes(SECRET_OCTETS);
      this.#secretUsed = now;
    }
    const time = timeOctets(now);
    return concatBytes(time, this.#mac(this.#secret, time, peek, source));
  }

  #verify(peek: InitPeek, source: IpAddress): boolean {
    const { cookie } = peek;
    if (cookie?.length !== TIME_OCTETS + MAC_OCTETS) return false;
    const time = cookie.subarray(0, TIME_OCTETS);
    const age = this.#deps.clock.now() - timeFrom(time);
    if (age < 0 || age > COOKIE_LIFETIME) return false;
    const mac = cookie.subarray(TIME_OCTETS);
    if (constantTimeEqual(mac, this.#mac(this.#secret, time, peek, source))) return true;
    const previous = this.#previous;
    return (
      previous !== undefined && constantTimeEqual(mac, this.#mac(previous, time, peek, source))
    );
  }

  // Bound to everything a second sender would have to repeat: nonce, address and SPI. The form is that of RFC 7296
  // section 2.6, a hash that ends with the secret; fields of known length come first, so that none can pose as another.
  #mac(secret: Uint8Array, time: Uint8Array, peek: InitPeek, source: IpAddress): Uint8Array {
    const address = ipBytes(source);
    const family = address.length === 4 ? IPV4 : IPV6;
    return this.#deps.crypto
      .hash('sha256', time, peek.spiI, family, address, peek.nonce, secret)
      .subarray(0, MAC_OCTETS);
  }
}

const IPV4 = Uint8Array.of(4);
const IPV6 = Uint8Array.of(6);

function timeOctets(millis: number): Uint8Array {
  const octets = new Uint8Array(TIME_OCTETS);
  let rest = millis;
  for (let i = TIME_OCTETS - 1; i >= 0; i--) {
    octets[i] = rest % 256;
    rest = Math.trunc(rest / 256);
  }
  return octets;
}

function timeFrom(octets: Uint8Array): number {
  const view = new DataView(octets.buffer, octets.byteOffset, TIME_OCTETS);
  return view.getUint16(0) * 2 ** 32 + view.getUint32(2);
}

function bucketOf(key: string): number {
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (hash * 31 + key.charCodeAt(i)) >>> 0;
  return hash % BUCKETS;
}
