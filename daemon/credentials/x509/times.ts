import { latin1 } from '../../util/bytes.ts';
import { X509Error } from './decoded.ts';
import { type DerItem, Tag } from './der-reader.ts';

/** Milliseconds since 1970 of a UTCTime or GeneralizedTime in the one form of RFC 5280 section 4.1.2.5. */
export function timeOf({ tag, contents }: DerItem, field: string): number {
  if (tag !== Tag.UTC_TIME && tag !== Tag.GENERALIZED_TIME)
    throw new X509Error(field, `tag ${tag.toString(16)}, expected a time`);
  const time = timeIn(contents, 0, contents.length, tag);
  if (time !== undefined) return time;
  const form = tag === Tag.UTC_TIME ? 'YYMMDDHHMMSSZ' : 'YYYYMMDDHHMMSSZ';
  const found = /^[\w+.-]{0,32}$/.test(latin1(contents)) ? latin1(contents) : 'octets';
  throw new X509Error(field, `${found}, expected a time of the calendar as ${form}`);
}

/** The same for contents between two offsets, without making anything; `undefined` if they are no time of this tag. */
export function timeIn(
  octets: Uint8Array,
  start: number,
  end: number,
  tag: number,
): number | undefined {
  const yearDigits = tag === Tag.UTC_TIME ? 2 : 4;
  if (end - start !== yearDigits + 11 || octets[end - 1] !== 0x5a) return undefined;
  for (let i = start; i < end - 1; i++) {
    const octet = octets[i] ?? 0;
    if (octet < 0x30 || octet > 0x39) return undefined;
  }
  const rest = start + yearDigits;
  const low = pair(octets, rest - 2);
  const year =
    yearDigits === 4 ? pair(octets, start) * 100 + low : low < 50 ? 2000 + low : 1900 + low;
  const month = pair(octets, rest);
  const day = pair(octets, rest + 2);
  const hour = pair(octets, rest + 4);
  const minute = pair(octets, rest + 6);
  const second = pair(octets, rest + 8);
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return undefined;
  const day0 =
    year >= 100 ? Date.UTC(year, month - 1, day) : new Date(0).setUTCFullYear(year, month - 1, day);
  return day0 + ((hour * 60 + minute) * 60 + second) * 1000;
}

function pair(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) - 0x30) * 10 + (octets[at + 1] ?? 0) - 0x30;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
