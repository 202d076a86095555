const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Nov 21 05:57:19 2026` in local time, from milliseconds since the epoch. */
export function absoluteTime(wallClock: number): string {
  const date = new Date(wallClock);
  const two = (number: number): string => String(number).padStart(2, '0');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${MONTHS[date.getMonth()]} ${two(date.getDate())} ${clock} ${date.getFullYear()}`;
}

const UNITS = [
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** `3 hours`: the largest unit of which there are more than two, whole ones only. */
export function relativeTime(millis: number): string {
  const seconds = Math.floor(millis / 1000);
  for (const [unit, size] of UNITS) {
    if (seconds > 2 * size) return plural(Math.floor(seconds / size), unit);
  }
  return plural(seconds, 'second');
}

function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
