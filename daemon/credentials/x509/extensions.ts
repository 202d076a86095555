import { oidText } from '../../proto/oid.ts';
import { toHex } from '../../util/hex.ts';
import { X509Error } from './decoded.ts';
import { guardDer, objectLimits } from './der-guard.ts';
import { DerReader, Tag } from './der-reader.ts';

/** One extension: its OID as hexadecimal digits of its contents, and the DER in its OCTET STRING. */
export interface Extension {
  readonly id: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** How one kind of extension is decoded into what is being built. The value has passed the guard. */
export interface ExtensionDecoder<Draft> {
  readonly name: string;
  decode(value: Uint8Array, draft: Draft, field: string): void;
}

/** Decoders by the OID's contents in hexadecimal digits. */
export type ExtensionTable<Draft> = ReadonlyMap<string, ExtensionDecoder<Draft>>;

const MAX_EXTENSIONS = 64;

/** Extensions of an object, given as contents of their SEQUENCE; two of one kind are refused (RFC 5280 section 4.2). */
export function extensionsOf(contents: Uint8Array, field: string): Extension[] {
  const seen = new Set<string>();
  const items = new DerReader(contents, field).all(Tag.SEQUENCE, 'extension', MAX_EXTENSIONS);
  if (items.length === 0) throw new X509Error(field, 'empty, expected one extension at least');
  return items.map((item) => {
    const reader = new DerReader(item.contents, field);
    const oid = reader.take(Tag.OID, 'extnID').contents;
    const id = toHex(oid);
    if (seen.has(id)) throw new X509Error(field, `two extensions ${oidText(oid)}`);
    seen.add(id);
    const critical = reader.optional(Tag.BOOLEAN, 'critical')?.contents[0] === 0xff;
    const value = reader.take(Tag.OCTET_STRING, 'extnValue').contents;
    reader.end();
    return { id, critical, value };
  });
}

/** Decodes what the table knows into `draft`; returns the OIDs, dotted, of critical extensions that it does not know. */
export function decodeExtensions<Draft>(
  extensions: readonly Extension[],
  table: ExtensionTable<Draft>,
  draft: Draft,
  field: string,
): string[] {
  const unknownCritical: string[] = [];
  for (const { id, critical, value } of extensions) {
    const decoder = table.get(id);
    if (decoder !== undefined) {
      const path = `${field}.${decoder.name}`;
      guardDer(value, path, objectLimits);
      decoder.decode(value, draft, path);
    } else if (critical) {
      unknownCritical.push(dottedOf(id));
    }
  }
  return unknownCritical;
}

function dottedOf(id: string): string {
  return oidText(Uint8Array.from(id.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16)));
}
