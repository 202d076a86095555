import { latin1 } from '../../util/bytes.ts';

/** One block of a PEM text (RFC 7468, and the headers of RFC 1421). */
export interface PemBlock {
  /** What stands behind `BEGIN`. */
  readonly label: string;
  /** `Proc-Type: 4,ENCRYPTED` and the like, by name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The base64 text: a view, not a copy. */
  readonly body: Uint8Array;
}

/** A file of keys has a few. */
const MOST_BLOCKS = 32;

const BEGIN = '-----BEGIN ';
const END = '-----END ';
const DASHES = '-----';

/** Whether this is PEM rather than DER: it says so at the start of a line. */
export function isPem(data: Uint8Array): boolean {
  for (const line of linesOf(data)) if (startsWith(line, BEGIN)) return true;
  return false;
}

/** The blocks of a PEM text in order; what is between them does not count. `undefined` if one is not closed, or there are too many. */
export function pemBlocks(data: Uint8Array): readonly PemBlock[] | undefined {
  const blocks: PemBlock[] = [];
  let open: { label: string; headers: Map<string, string>; start: number | undefined } | undefined;
  for (const line of linesOf(data)) {
    const offset = line.byteOffset - data.byteOffset;
    if (open === undefined) {
      const label = labelOf(line, BEGIN);
      if (label !== undefined) open = { label, headers: new Map(), start: undefined };
      continue;
    }
    if (startsWith(line, DASHES)) {
      if (labelOf(line, END) !== open.label || blocks.length === MOST_BLOCKS) return undefined;
      const body = data.subarray(open.start ?? offset, offset);
      blocks.push({ label: open.label, headers: open.headers, body });
      open = undefined;
      continue;
    }
    if (open.start !== undefined) continue;
    const colon = line.indexOf(COLON);
    if (colon < 0) {
      if (line.length > 0) open.start = offset;
      continue;
    }
    const name = latin1(line.subarray(0, colon)).trim().toLowerCase();
    open.headers.set(name, latin1(line.subarray(colon + 1)).trim());
  }
  return open === undefined ? blocks : undefined;
}

const COLON = 0x3a;
const LF = 0x0a;
const CR = 0x0d;

function* linesOf(data: Uint8Array): Generator<Uint8Array> {
  let start = 0;
  while (start < data.length) {
    const found = data.indexOf(LF, start);
    const end = found < 0 ? data.length : found;
    let last = end;
    while (last > start && isBlank(data[last - 1])) last--;
    yield data.subarray(start, last);
    start = end + 1;
  }
}

function isBlank(octet: number | undefined): boolean {
  return octet === CR || octet === 0x20 || octet === 0x09;
}

function startsWith(line: Uint8Array, text: string): boolean {
  if (line.length < text.length) return false;
  for (let i = 0; i < text.length; i++) if (line[i] !== text.charCodeAt(i)) return false;
  return true;
}

function labelOf(line: Uint8Array, start: string): string | undefined {
  if (!startsWith(line, start) || line.length > 80) return undefined;
  const text = latin1(line);
  return text.endsWith(DASHES) ? text.slice(start.length, -DASHES.length) : undefined;
}
