const UNITS = [
  ['days', 86_400],
  ['hours', 3600],
  ['minutes', 60],
] as const;

/** A span in the largest unit of which there are two: `25 seconds`, `3 hours`. */
export function inTime(seconds: number): string {
  const span = Math.abs(seconds);
  for (const [unit, length] of UNITS)
    if (span >= 2 * length) return `${Math.floor(span / length)} ${unit}`;
  return `${span} second${span === 1 ? '' : 's'}`;
}

/** The same, in the past. */
export function ago(seconds: number): string {
  return `${inTime(seconds)} ago`;
}
