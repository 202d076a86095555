const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

/** A number in at most five characters, prefixes of 1000: `0`, `999`, `1.2k`, `12.3M`. */
export function short(number: number): string {
  let rest = Math.max(0, number);
  let prefix = 0;
  while (rest >= 999.5 && prefix < PREFIXES.length - 1) {
    rest /= 1000;
    prefix++;
  }
  const text = prefix === 0 || rest >= 99.95 ? rest.toFixed(0) : rest.toFixed(1);
  return `${text}${PREFIXES[prefix]}`;
}

/** Seconds as the two units that tell most: `12s`, `3m20s`, `2h05m`, `4d03h`. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (number: number): string => String(number).padStart(2, '0');
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${two(Math.floor((whole % 3600) / 60))}m`;
  return `${Math.floor(whole / 86_400)}d${two(Math.floor((whole % 86_400) / 3600))}h`;
}

/** `14:05:09` of a moment in milliseconds since 1970, local time. */
export function clockText(millis: number): string {
  const moment = new Date(millis);
  return [moment.getHours(), moment.getMinutes(), moment.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}
