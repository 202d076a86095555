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
  let seconds = settings.retransmit_timeout * settings.retransmit_base ** attempt;
  if (settings.retransmit_limit > 0) seconds = Math.min(seconds, settings.retransmit_limit);
  const jitter = Math.min(Math.max(settings.retransmit_jitter, 0), MAX_JITTER_PERCENT);
  if (jitter > 0) seconds -= (seconds * jitter * random.below(1001)) / 100_000;
  return seconds * 1000;
}
