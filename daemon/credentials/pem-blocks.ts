import { latin1 } from '../util/bytes.ts';

/** One block of a PEM text, RFC 7468. */
export interface PemBlock {
  /** What stands behind `BEGIN`. */
  readonly label: string;
  readonly der: Uint8Array;
}

/** The blocks of a PEM text, or what is wrong with it. */
export type PemBlocks =
  | { readonly ok: true; readonly blocks: readonly PemBlock[] }
  | { readonly ok: false; readonly reason: string };

/** A bundle of the CAs of the world has less than 200. */
const MAX_BLOCKS = 1000;

const SEQUENCE = 0x30;

/** Whether octets are PEM rather than DER: DER of whatever is stored in files begins with a SEQUENCE. */
export function isPem(octets: Uint8Array): boolean {
  return octets[0] !== SEQUENCE && latin1(octets).includes('-----BEGIN ');
}

/** All blocks in order; what stands between them is for people. */
export function pemBlocks(octets: Uint8Array): PemBlocks {
  const text = latin1(octets);
  const blocks: PemBlock[] = [];
  const begin = /^-----BEGIN ([ -,.-~]{1,64})-----[ \t]*$/gm;
  for (let found = begin.exec(text); found !== null; found = begin.exec(text)) {
    const [line, label = ''] = found;
    const number = blocks.length + 1;
    if (number > MAX_BLOCKS) return wrong(`more than ${MAX_BLOCKS} PEM blocks`);
    const start = found.index + line.length;
    const end = text.indexOf('-----', start);
    if (end < 0) return wrong(`PEM block ${number} ('${label}') begins and does not end`);
    if (!text.startsWith(`-----END ${label}-----`, end)) {
      const [shown = ''] = text.slice(end, end + 80).split(/[^ -~]/, 1);
      return wrong(
        `PEM block ${number} ('${label}') does not end with its own name but with '${shown}'`,
      );
    }
    const body = text.slice(start, end);
    if (/^[A-Za-z-]+:/m.test(body)) return wrong(`PEM block ${number} ('${label}') is encrypted`);
    const der = fromBase64(body.replace(/\s+/g, ''));
    if (der === undefined) return wrong(`PEM block ${number} ('${label}') is not base64`);
    blocks.push({ label, der });
    begin.lastIndex = end;
  }
  return blocks.length === 0 ? wrong('a PEM text without a block') : { ok: true, blocks };
}

function wrong(reason: string): PemBlocks {
  return { ok: false, reason };
}

function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
