import type { IkeSa } from './ike-sa.ts';

/** Milliseconds of TEMPORARY_FAILURE after which the two ends must be out of step (RFC 7296 section 2.25: minutes). */
const OUT_OF_STEP = 300_000;

/** Milliseconds that retries may spread over in addition, once they have failed for as long. */
const LONGEST_SPREAD = 60_000;

/**
 * Milliseconds until something refused or failed is tried again: 15 seconds less a random share of 9, and spread over more
 * the longer it has been refused, so that two sides which keep meeting do not meet for ever (RFC 7296 section 2.25).
 */
export function retryDelay(sa: IkeSa): number {
  const { clock, random } = sa.env;
  const refusedFor = clock.now() - (sa.temporaryFailureSince ?? clock.now());
  const spread = random.below(Math.min(Math.trunc(refusedFor), LONGEST_SPREAD) + 1);
  return 15_000 - random.below(9_001) + spread;
}

/**
 * The peer answered TEMPORARY_FAILURE: whether to try again later. Once it has done nothing else for minutes the IKE_SA is
 * closed instead, as RFC 7296 section 2.25 wants.
 */
export async function stillTemporary(sa: IkeSa): Promise<boolean> {
  const now = sa.env.clock.now();
  sa.temporaryFailureSince ??= now;
  if (now - sa.temporaryFailureSince < OUT_OF_STEP) return true;
  const reason =
    'the peer answered TEMPORARY_FAILURE for five minutes: the two ends are out of step';
  sa.log.log('ike', 1, `closing IKE_SA ${sa.label}: ${reason}`);
  await sa.deleteNow(reason);
  return false;
}

/** An exchange that may be refused temporarily was not: the count of minutes starts anew. */
export function noLongerTemporary(sa: IkeSa): void {
  sa.temporaryFailureSince = undefined;
}
