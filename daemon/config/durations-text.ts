const TIME_UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86400 };
const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
};

/** Seconds of `600`, `10 m`, `0x10`, `010` (octal), `1d`; the empty text is 0. `undefined` for anything else. */
export function parseTime(text: string): number | undefined {
  return scaled(text, TIME_UNITS);
}

/** Octets of `1k`, `2 M`, `1g`; the empty text is 0. More than 2^53-1 is cut to that. */
export function parseSize(text: string): number | undefined {
  return scaled(text, SIZE_UNITS);
}

/**
 * A whole number as C reads it: decimal, 0x hexadecimal, octal with a leading 0; the empty text is 0. More than 2^53-1
 * is cut to that.
 */
export function parseInteger(text: string): number | undefined {
  const match = /^\s*([+-]?)(0[xX][0-9a-fA-F]{1,32}|\d{1,40})\s*$/.exec(text);
  if (match === null) return text.trim() === '' ? 0 : undefined;
  const number = digitsValue(match[2] ?? '');
  return number === undefined || match[1] !== '-' ? number : -number;
}

/** The same for 32 bits: negative numbers wrap round, larger ones are refused. */
export function parseUint32(text: string): number | undefined {
  const number = parseInteger(text);
  if (number === undefined || number > 0xffffffff || number < -0x80000000) return undefined;
  return number >>> 0;
}

function scaled(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^\s*(0[xX][0-9a-fA-F]{1,32}|\d{1,40})[ \t]*([a-zA-Z]?)$/.exec(text);
  if (match === null) return text.trim() === '' ? 0 : undefined;
  const unit = (match[2] ?? '').toLowerCase();
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  const number = digitsValue(match[1] ?? '');
  if (factor === undefined || number === undefined) return undefined;
  return Math.min(number * factor, Number.MAX_SAFE_INTEGER);
}

function digitsValue(digits: string): number | undefined {
  if (/^0\d/.test(digits) && !/^[0-7]+$/.test(digits)) return undefined;
  const text = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  const value = BigInt(text);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
}
