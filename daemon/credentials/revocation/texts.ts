import { printDn } from '../../proto/distinguished-name.ts';
import { printable, utf8 } from '../../util/bytes.ts';

/** Characters of a URL in the log. */
const SHOWN = 200;

/** A name (DER) for people, printable whatever it contains. */
export function nameText(name: Uint8Array): string {
  return printDn(name) ?? '(invalid ID_DER_ASN1_DN)';
}

/** A moment in UTC for people, as charon prints it: `Nov 21 05:57:19 UTC 2026`. */
export function timeText(millis: number): string {
  const date = new Date(millis);
  if (Number.isNaN(date.getTime())) return String(millis);
  const [, day = '', month = '', year = '', time = ''] = date.toUTCString().split(' ');
  return `${month} ${day} ${time} UTC ${year}`;
}

/** A URL for people: whoever put it into a certificate writes no further lines into the log. */
export function urlText(url: string): string {
  return printable(utf8(url.slice(0, SHOWN)));
}
