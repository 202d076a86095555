import type { RevokedEntry } from './certificate.ts';
import { X509Error } from './decoded.ts';
import { derSpanAt, guardDer, objectLimits } from './der-guard.ts';
import { DerReader, Tag } from './der-reader.ts';
import { decodeExtensions, type ExtensionTable, extensionsOf } from './extensions.ts';
import { generalNames } from './general-names.ts';
import { nameKey } from './names.ts';
import { RevokedIndex } from './revoked-index.ts';
import { timeIn } from './times.ts';

const FIELD = 'crl.revokedCertificates';
const MAX_SERIAL = 64;
/** Issuers an indirect CRL may speak for. */
const MAX_ISSUERS = 1024;
/** A usual entry: header, 16 octets of serial number, UTCTime, reason. */
const USUAL_OCTETS = 36;

/** CRLReason, RFC 5280 section 5.3.1; 7 is not used. */
const reasons: readonly (string | undefined)[] = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
];

interface EntryDraft {
  reason?: string;
  issuerKey?: string;
}

// The date since when a key is invalid (551d18) and what to do with a certificate on hold (551d17) change nothing here.
const entryExtensions: ExtensionTable<EntryDraft> = new Map([
  ['551d15', { name: 'reasonCode', decode: reasonCode }],
  ['551d17', { name: 'holdInstructionCode', decode: () => {} }],
  ['551d18', { name: 'invalidityDate', decode: () => {} }],
  ['551d1d', { name: 'certificateIssuer', decode: certificateIssuer }],
]);

/** Name of a CRLReason, given as contents of its ENUMERATED. Throws {@link X509Error}. */
export function reasonName(contents: Uint8Array, field: string): string {
  const name = contents.length === 1 ? reasons[contents[0] ?? 0] : undefined;
  if (name === undefined) throw new X509Error(field, 'no reason of RFC 5280');
  return name;
}

/**
 * The entries of a CRL. They are read by a cursor of our own over the octets, where they stay: the ASN.1 library makes some hundred
 * objects of each, which is seconds and gigabytes for the lists of large CAs.
 */
export class RevokedEntries {
  /** OIDs, dotted, of critical extensions of entries that are not processed. */
  readonly unknownCritical: Set<string> = new Set<string>();
  readonly #octets: Uint8Array;
  readonly #index: RevokedIndex;
  readonly #issuerNumbers: Map<string, number>;
  readonly #end: number;
  readonly #version2: boolean;
  readonly #indirect: boolean;
  #at: number;
  #issuer = 0;

  /** Entries are between two offsets of `octets`; `indirect` says whether they may name issuers. */
  constructor(
    octets: Uint8Array,
    span: { readonly start: number; readonly end: number },
    issuerKey: string,
    kind: { readonly version2: boolean; readonly indirect: boolean },
  ) {
    this.#octets = octets;
    this.#at = span.start;
    this.#end = span.end;
    this.#index = new RevokedIndex(octets, Math.ceil((span.end - span.start) / USUAL_OCTETS));
    this.#issuerNumbers = new Map([[issuerKey, 0]]);
    this.#version2 = kind.version2;
    this.#indirect = kind.indirect;
  }

  get size(): number {
    return this.#index.size;
  }

  /** Reads at most this many more entries; false when there are no more. Throws {@link X509Error}. */
  read(count: number): boolean {
    for (let i = 0; i < count && this.#at < this.#end; i++) this.#readEntry();
    return this.#at < this.#end;
  }

  find(issuerKey: string, serial: Uint8Array): RevokedEntry | undefined {
    const issuer = this.#issuerNumbers.get(issuerKey);
    const at = issuer === undefined ? undefined : this.#index.find(issuer, serial);
    if (at === undefined) return undefined;
    const entry = this.#spans(at);
    const { reason } = this.#extensions(entry.extensions, entry.end);
    return {
      serial: this.#octets.slice(entry.serial, entry.serialEnd),
      date: entry.date,
      ...(reason === undefined ? {} : { reason }),
      issuerKey,
    };
  }

  #readEntry(): void {
    const at = this.#at;
    const { extensions, end } = this.#spans(at);
    const { reason, issuerKey } =
      extensions === end ? noExtensions : this.#extensions(extensions, end);
    if (issuerKey !== undefined) this.#issuer = this.#numberOf(issuerKey);
    this.#index.add(at, this.#issuer, reason === 'removeFromCRL', FIELD);
    this.#at = end;
  }

  #spans(at: number): {
    readonly serial: number;
    readonly serialEnd: number;
    readonly date: number;
    readonly extensions: number;
    readonly end: number;
  } {
    const octets = this.#octets;
    const entry = derSpanAt(octets, at, this.#end, FIELD);
    const serial = derSpanAt(octets, entry.contents, entry.end, FIELD);
    const length = serial.end - serial.contents;
    if (entry.tag !== Tag.SEQUENCE || serial.tag !== Tag.INTEGER)
      throw new X509Error(FIELD, `no entry at octet ${at}`);
    if (length === 0 || length > MAX_SERIAL || isPadded(octets, serial.contents, length))
      throw new X509Error(FIELD, `serial number of ${length} octets at octet ${at}`);
    const time = derSpanAt(octets, serial.end, entry.end, FIELD);
    const known = time.tag === Tag.UTC_TIME || time.tag === Tag.GENERALIZED_TIME;
    const date = known ? timeIn(octets, time.contents, time.end, time.tag) : undefined;
    if (date === undefined) throw new X509Error(FIELD, `no revocation date at octet ${serial.end}`);
    return {
      serial: serial.contents,
      serialEnd: serial.end,
      date,
      extensions: time.end,
      end: entry.end,
    };
  }

  #extensions(start: number, end: number): EntryDraft {
    if (start === end) return noExtensions;
    if (!this.#version2) throw new X509Error(FIELD, 'extensions in version 1');
    if (isReasonOnly(this.#octets, start, end)) {
      const reason = reasons[this.#octets[end - 1] ?? 0];
      if (reason !== undefined) return { reason };
    }
    const octets = this.#octets.subarray(start, end);
    const draft: EntryDraft = {};
    guardDer(octets, FIELD, objectLimits);
    const list = new DerReader(octets, FIELD).take(Tag.SEQUENCE, 'crlEntryExtensions').contents;
    for (const oid of decodeExtensions(extensionsOf(list, FIELD), entryExtensions, draft, FIELD)) {
      if (this.unknownCritical.size < MAX_ISSUERS) this.unknownCritical.add(oid);
    }
    return draft;
  }

  #numberOf(issuerKey: string): number {
    if (!this.#indirect)
      throw new X509Error(FIELD, 'certificateIssuer in a CRL that is not indirect');
    const known = this.#issuerNumbers.get(issuerKey);
    if (known !== undefined) return known;
    const number = this.#issuerNumbers.size;
    if (number === MAX_ISSUERS) throw new X509Error(FIELD, `more than ${MAX_ISSUERS} issuers`);
    this.#issuerNumbers.set(issuerKey, number);
    return number;
  }
}

const noExtensions: EntryDraft = {};
/** Extensions that consist of a reason, up to its number: nearly all there are. */
const reasonOnly = Uint8Array.of(0x30, 12, 0x30, 10, 6, 3, 0x55, 0x1d, 0x15, 4, 3, 0x0a, 1);

function isReasonOnly(octets: Uint8Array, start: number, end: number): boolean {
  if (end - start !== reasonOnly.length + 1) return false;
  for (let i = 0; i < reasonOnly.length; i++) {
    if (octets[start + i] !== reasonOnly[i]) return false;
  }
  return true;
}

function isPadded(octets: Uint8Array, at: number, length: number): boolean {
  const first = octets[at] ?? 0;
  const negative = (octets[at + 1] ?? 0) >= 0x80;
  return length > 1 && ((first === 0 && !negative) || (first === 0xff && negative));
}

function reasonCode(value: Uint8Array, draft: EntryDraft, field: string): void {
  const reader = new DerReader(value, field);
  draft.reason = reasonName(reader.take(Tag.ENUMERATED, 'value').contents, field);
  reader.end();
}

// All names of one issuer; the one that certificates carry is its distinguished name.
function certificateIssuer(value: Uint8Array, draft: EntryDraft, field: string): void {
  const reader = new DerReader(value, field);
  const names = generalNames(reader.take(Tag.SEQUENCE, 'value').contents, field);
  reader.end();
  for (const name of names) {
    if (name.kind !== 'directory') continue;
    draft.issuerKey = nameKey(name.name, field);
    return;
  }
  throw new X509Error(field, 'without a distinguished name');
}
