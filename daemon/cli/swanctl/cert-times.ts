/** How certificates' times are printed. */
export interface TimeStyle {
  readonly utc: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** `Nov 21 15:07:45 2026` in local time, `Nov 21 15:07:45 UTC 2026` in UTC. */
export function dateText(time: number, { utc }: TimeStyle): string {
  const date = new Date(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  const [month, day, hour, minute, second, year] = utc
    ? [
        date.getUTCMonth(),
        date.getUTCDate(),
        date.getUTCHours(),
        date.getUTCMinutes(),
        date.getUTCSeconds(),
        date.getUTCFullYear(),
      ]
    : [
        date.getMonth(),
        date.getDate(),
        date.getHours(),
        date.getMinutes(),
        date.getSeconds(),
        date.getFullYear(),
      ];
  const clock = `${two(hour)}:${two(minute)}:${two(second)}`;
  return `${MONTHS[month]} ${two(day)} ${clock}${utc ? ' UTC' : ''} ${year}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Whether something has begun: `, ok`, or how long that takes. */
export function begunText(time: number, { now }: TimeStyle): string {
  return time <= now ? 'ok' : `not valid yet (valid in ${spanText(time - now)})`;
}

/** Whether something still lasts: `ok` and how long, or since when it does not. */
export function lastsText(time: number, { now }: TimeStyle): string {
  return time >= now
    ? `ok (expires in ${spanText(time - now)})`
    : `expired (${spanText(now - time)} ago)`;
}

// The largest unit of which there are two.
function spanText(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  for (const [unit, length] of UNITS)
    if (seconds >= 2 * length) return `${Math.floor(seconds / length)} ${unit}`;
  return `${seconds} seconds`;
}

const UNITS = [
  ['days', 86_400],
  ['hours', 3600],
  ['minutes', 60],
] as const;
