const UTF8_STRING = 0x0c;
const TELETEX_STRING = 0x14;
const UNIVERSAL_STRING = 0x1c;
const BMP_STRING = 0x1e;
/** NumericString, PrintableString, IA5String, VisibleString. */
const asciiStrings: ReadonlySet<number> = new Set([0x12, 0x13, 0x16, 0x1a]);

const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf16Decoder = new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true });

/** Deleted before comparing: what shows nothing (RFC 4518 section 2.2). */
const deleted = /\p{Default_Ignorable_Code_Point}|[\ufff9-\ufffc]/gu;
/**
 * Compared as octets: what RFC 4518 section 2.4 prohibits, what nobody has assigned, and controls, which the RFC would delete: a name
 * with a NUL in it is to equal no other.
 */
const prohibited = /[\p{Co}\p{Cn}\p{Cs}\ufffd]|[^\P{Cc}\t\n\v\f\r\u0085]/u;
/** All but the dotless i, which capitals would turn into another letter. */
const foldable = /[^\u0131]+/gu;
const blanks = /[\s\u0085]+/gu;

/**
 * The text of an attribute value prepared for comparison as in RFC 4518: folded, in form KC, blanks at the ends dropped and others
 * joined to one. `undefined` if it is no string, malformed, or has characters that must not be compared: then only
 * the octets tell whether two values are equal.
 */
export function directoryText(tag: number, contents: Uint8Array): string | undefined {
  const text = textOf(tag, contents);
  if (text === undefined) return undefined;
  if (plainAscii.test(text)) return text.trim().replace(/ {2,}/g, ' ').toLowerCase();
  if (prohibited.test(text)) return undefined;
  const folded = text.replace(deleted, '').normalize('NFKC').replace(foldable, foldCase);
  return folded.normalize('NFKC').replace(deleted, '').replace(blanks, ' ').trim();
}

// By way of capitals, so that what has no small letter of its own, like the sharp s, is folded too.
function foldCase(text: string): string {
  return text.toUpperCase().toLowerCase();
}

const plainAscii = /^[ -~]*$/;

function textOf(tag: number, contents: Uint8Array): string | undefined {
  if (asciiStrings.has(tag) || tag === TELETEX_STRING) return asciiText(contents);
  try {
    switch (tag) {
      case UTF8_STRING:
        return utf8Decoder.decode(contents);
      case BMP_STRING:
        return contents.length % 2 === 0 ? utf16Decoder.decode(contents) : undefined;
      case UNIVERSAL_STRING:
        return universalText(contents);
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}

// What a Teletex octet beyond ASCII means is anybody's guess, so such values are equal as octets only.
function asciiText(contents: Uint8Array): string | undefined {
  let text = '';
  for (const octet of contents) {
    if (octet > 0x7f) return undefined;
    text += String.fromCharCode(octet);
  }
  return text;
}

function universalText(contents: Uint8Array): string | undefined {
  if (contents.length % 4 !== 0) return undefined;
  const view = new DataView(contents.buffer, contents.byteOffset, contents.length);
  let text = '';
  for (let at = 0; at < contents.length; at += 4) text += String.fromCodePoint(view.getUint32(at));
  return text;
}
