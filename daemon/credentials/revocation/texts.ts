import { printDn } from '../../proto/distinguished-name.ts';

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
