import type { LifetimeRange } from './connection-types.ts';

/** Soft limit, hard limit and jitter of one unit; what is not given follows from what is. */
export function lifetimeRange(
  given: {
    readonly rekey: number | undefined;
    readonly life: number | undefined;
    readonly rand: number | undefined;
  },
  defaultRekey: number,
): LifetimeRange {
  const rekey =
    given.rekey ?? (given.life === undefined ? defaultRekey : Math.floor((given.life * 10) / 11));
  const life = given.life ?? addTenth(rekey);
  return { rekey, life, rand: given.rand ?? Math.max(0, life - rekey) };
}

function addTenth(value: number): number {
  return Math.min(value + Math.floor(value / 10), Number.MAX_SAFE_INTEGER);
}

/** Times of an IKE_SA, in seconds. */
export interface IkeTimes {
  readonly rekeyTime: number;
  readonly reauthTime: number;
  readonly overTime: number;
  readonly randTime: number;
}

const FOUR_HOURS = 4 * 3600;

/** What is not given follows from what is: rekeying every four hours unless one of both intervals is set. */
export function ikeTimes(given: {
  readonly rekey: number | undefined;
  readonly reauth: number | undefined;
  readonly over: number | undefined;
  readonly rand: number | undefined;
}): IkeTimes {
  const rekeyTime = given.rekey ?? (given.reauth === undefined ? FOUR_HOURS : 0);
  const reauthTime = given.reauth ?? 0;
  const overTime = given.over ?? Math.floor(Math.max(rekeyTime, reauthTime) / 10);
  const intervals = [rekeyTime, reauthTime].filter((time) => time > 0);
  const half = intervals.length === 0 ? 0 : Math.floor(Math.min(...intervals) / 2);
  return { rekeyTime, reauthTime, overTime, randTime: given.rand ?? Math.min(overTime, half) };
}
