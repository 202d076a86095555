import type { Random } from '../contracts/random.ts';

/** The retransmission options of strongswan.conf. */
export interface RetransmissionSettings {
  readonly retransmit_timeout: number;
  readonly retransmit_base: number;
  readonly retransmit_tries: number;
  readonly retransmit_jitter: number;
  readonly retransmit_limit: number;
}

const MAX_JITTER_PERCENT = 20;

/**
 * Milliseconds to wait after send number `attempt` (0 is the original):
 * `timeout * base ^ attempt`, capped by the limit, then reduced by a random part of the jitter.
 */
export function retransmissionDelay(
  settings: RetransmissionSettings,
  attempt: number,
  random: Random,
): number {
  let seconds = plainDelay(settings, attempt);
  const jitter = Math.min(Math.max(settings.retransmit_jitter, 0), MAX_JITTER_PERCENT);
  if (jitter > 0) seconds -= (seconds * jitter * random.below(1001)) / 100_000;
  return seconds * 1000;
}

/** Milliseconds from the first send of a request until it is given up, without jitter. */
export function retransmissionTotal(settings: RetransmissionSettings): number {
  let seconds = 0;
  for (let attempt = 0; attempt <= settings.retransmit_tries; attempt++) {
    seconds += plainDelay(settings, attempt);
  }
  return Math.min(seconds * 1000, LONGEST_TOTAL);
}

/** An hour: whoever waits for a peer longer than that waits for ever. */
const LONGEST_TOTAL = 3_600_000;

function plainDelay(settings: RetransmissionSettings, attempt: number): number {
  const seconds = settings.retransmit_timeout * settings.retransmit_base ** attempt;
  return settings.retransmit_limit > 0 ? Math.min(seconds, settings.retransmit_limit) : seconds;
}
