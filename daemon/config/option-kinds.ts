import type { RuleMark } from '../contracts/kernel.ts';

/**
 * When a new value counts: `now` at the next use (also after `reload-settings`), `start` when the daemon starts,
 * `later` not yet: it is read and checked, and setting it is answered with a warning.
 */
export type OptionEffect = 'now' | 'start' | 'later';

/** One option of strongswan.conf: everything there is to know about it. */
export interface Option<T> {
  readonly default: T;
  /** The default as a person would write it. */
  readonly defaultText: string;
  /** What may be written. */
  readonly allowed: string;
  readonly unit: string;
  readonly doc: string;
  readonly effect: OptionEffect;
  /** The value of a text, `undefined` if it is not one. */
  readonly parse: (text: string) => T | undefined;
  /** Takes the value of this other option unless set. */
  readonly inherits?: string;
  /** A value that cannot be read stops the daemon: the default would allow more than the operator meant. */
  readonly strict?: boolean;
  /** Its value never gets into a log. */
  readonly secret?: boolean;
}

const YES = ['1', 'yes', 'true', 'enabled'];
const NO = ['0', 'no', 'false', 'disabled'];

/** `yes`, `true`, `enabled`, `1` and their opposites in any case; `undefined` for anything else. */
export function parseBoolWord(text: string): boolean | undefined {
  const word = text.toLowerCase();
  if (YES.includes(word)) return true;
  return NO.includes(word) ? false : undefined;
}

export function bool(value: boolean, effect: OptionEffect, doc: string): Option<boolean> {
  return {
    default: value,
    defaultText: value ? 'yes' : 'no',
    allowed: 'yes or no',
    unit: '',
    doc,
    effect,
    parse: parseBoolWord,
  };
}

/** A whole number, decimal or 0x hexadecimal. */
export function int(
  value: number,
  range: readonly [number, number],
  effect: OptionEffect,
  doc: string,
  unit = '',
): Option<number> {
  const [min, max] = range;
  return {
    default: value,
    defaultText: value > 0xffffff ? `0x${value.toString(16)}` : String(value),
    allowed: `a whole number from ${min} to ${max}`,
    unit,
    doc,
    effect,
    parse: (text) => {
      if (!/^(\d{1,15}|0[xX][0-9a-fA-F]{1,12})$/.test(text)) return undefined;
      const number = Number(text);
      return number >= min && number <= max ? number : undefined;
    },
  };
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86400 } as const;

/** Seconds of `20`, `20s`, `5m`, `1h`, `1d`. */
export function seconds(value: number, effect: OptionEffect, doc: string): Option<number> {
  return {
    default: value,
    defaultText: `${value}s`,
    allowed: 'a whole number, optionally with one of the units s, m, h and d',
    unit: 's',
    doc,
    effect,
    parse: (text) => {
      const match = /^(\d{1,10}|0[xX][0-9a-fA-F]{1,8})[ \t]*([smhdSMHD]?)$/.exec(text);
      if (match === null) return undefined;
      const unit = (match[2] ?? '').toLowerCase() as keyof typeof SECONDS | '';
      return Number(match[1]) * (unit === '' ? 1 : SECONDS[unit]);
    },
  };
}

/** A number with fraction. */
export function real(
  value: number,
  range: readonly [number, number],
  effect: OptionEffect,
  doc: string,
  unit = '',
): Option<number> {
  return {
    default: value,
    defaultText: Number.isInteger(value) ? value.toFixed(1) : String(value),
    allowed: `a number from ${range[0]} to ${range[1]}`,
    unit,
    doc,
    effect,
    parse: (text) => {
      if (!/^\d{1,9}(\.\d{1,9})?$/.test(text)) return undefined;
      const number = Number(text);
      return number >= range[0] && number <= range[1] ? number : undefined;
    },
  };
}

/** 64 bits, hexadecimal or decimal. */
export function bits64(value: bigint, effect: OptionEffect, doc: string): Option<bigint> {
  return {
    default: value,
    defaultText: `0x${value.toString(16).padStart(16, '0')}`,
    allowed: 'a 64-bit number, decimal or 0x hexadecimal',
    unit: '',
    doc,
    effect,
    parse: (text) => (/^(\d{1,19}|0[xX][0-9a-fA-F]{1,16})$/.test(text) ? BigInt(text) : undefined),
  };
}

/** Any text; nothing unless set. */
export function text(effect: OptionEffect, doc: string): Option<string | undefined> {
  return {
    default: undefined,
    defaultText: '(none)',
    allowed: 'any text',
    unit: '',
    doc,
    effect,
    parse: (value) => value,
  };
}

/** A text with a default. */
export function textOf(value: string, effect: OptionEffect, doc: string): Option<string> {
  return { ...text(effect, doc), default: value, defaultText: value, parse: (given) => given };
}

/** Words separated by commas or blanks. */
export function words(effect: OptionEffect, doc: string): Option<readonly string[]> {
  return {
    default: [],
    defaultText: '(none)',
    allowed: 'words separated by commas or blanks',
    unit: '',
    doc,
    effect,
    parse: (value) => value.split(/[\s,]+/).filter((word) => word !== ''),
  };
}

/** Names that every host has for its routing tables. */
const TABLES: ReadonlyMap<string, number> = new Map([
  ['default', 253],
  ['main', 254],
  ['local', 255],
]);

/** Numbers of routing tables, or their names, separated by commas or blanks. */
export function tables(effect: OptionEffect, doc: string): Option<readonly number[]> {
  const one = (word: string): number =>
    TABLES.get(word) ?? (/^\d{1,10}$/.test(word) ? Number(word) : Number.NaN);
  return {
    ...words(effect, doc),
    default: [],
    allowed: 'numbers of tables, or main, local and default, separated by commas or blanks',
    parse: (value) => {
      const numbers = value
        .split(/[\s,]+/)
        .filter((word) => word !== '')
        .map(one);
      return numbers.every((number) => number <= 0xffff_ffff) ? numbers : undefined;
    },
  };
}

/** One of a few words. */
export function oneOf<const W extends string>(
  value: W,
  allowed: readonly W[],
  effect: OptionEffect,
  doc: string,
): Option<W> {
  return {
    default: value,
    defaultText: value,
    allowed: allowed.join(', '),
    unit: '',
    doc,
    effect,
    parse: (given) => allowed.find((word) => word === given.toLowerCase()),
  };
}

/** An address of the loopback interface: no other host reaches what listens there. */
export function loopback(value: string, effect: OptionEffect, doc: string): Option<string> {
  return {
    ...textOf(value, effect, doc),
    allowed: 'an address of the loopback interface, 127.0.0.1 or ::1',
    parse: (given) =>
      /^(127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}|::1)$/.test(given) ? given : undefined,
    strict: true,
  };
}

/** `[!]mark[/mask]`: packets with a mark, or those without. */
export function ruleMark(effect: OptionEffect, doc: string): Option<RuleMark | undefined> {
  return {
    default: undefined,
    defaultText: '(none)',
    allowed: '[!]mark[/mask], decimal or 0x hexadecimal',
    unit: '',
    doc,
    effect,
    parse: (given) => {
      const match =
        /^(!?)(\d{1,10}|0[xX][0-9a-fA-F]{1,8})(?:\/(\d{1,10}|0[xX][0-9a-fA-F]{1,8}))?$/.exec(given);
      if (match === null) return undefined;
      const [value, mask] = [Number(match[2]), Number(match[3] ?? 0xffff_ffff)];
      if (value > 0xffff_ffff || mask > 0xffff_ffff) return undefined;
      return { value, mask, invert: match[1] === '!' };
    },
  };
}
