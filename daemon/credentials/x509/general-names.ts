import { oidText } from '../../proto/oid.ts';
import type { GeneralName } from './certificate.ts';
import { X509Error } from './decoded.ts';
import { context, type DerItem, DerReader, implicit, Tag } from './der-reader.ts';
import { checkName } from './names.ts';
import { ia5 } from './primitives.ts';

/** GeneralNames one extension may hold. */
export const MAX_NAMES = 1024;
const MAX_DIRECTORY_NAMES = 64;

/** The names of a GeneralNames, given as contents of its SEQUENCE. `forConstraints` wants addresses with masks. */
export function generalNames(
  contents: Uint8Array,
  field: string,
  forConstraints: boolean = false,
): GeneralName[] {
  const reader = new DerReader(contents, field);
  const names: GeneralName[] = [];
  while (!reader.done) {
    if (names.length === MAX_NAMES) throw new X509Error(field, `more than ${MAX_NAMES} names`);
    names.push(generalName(reader.any('name'), field, forConstraints));
  }
  checkDirectoryNames(names, field);
  return names;
}

/** Refuses lists with more than 64 distinguished names: comparing them costs more than with others. Throws {@link X509Error}. */
export function checkDirectoryNames(names: readonly GeneralName[], field: string): void {
  if (names.filter(({ kind }) => kind === 'directory').length > MAX_DIRECTORY_NAMES)
    throw new X509Error(field, `more than ${MAX_DIRECTORY_NAMES} distinguished names`);
}

/** One GeneralName, RFC 5280 section 4.2.1.6. */
export function generalName(item: DerItem, field: string, forConstraints: boolean): GeneralName {
  const { tag, contents } = item;
  switch (tag) {
    case context(0):
      return otherName(contents, `${field}.otherName`);
    case implicit(1):
      return { kind: 'email', text: ia5(contents, `${field}.rfc822Name`) };
    case implicit(2):
      return { kind: 'dns', text: ia5(contents, `${field}.dNSName`) };
    case context(3):
      return { kind: 'x400', value: contents };
    case context(4):
      return { kind: 'directory', name: directoryName(contents, `${field}.directoryName`) };
    case context(5):
      return { kind: 'ediParty', value: contents };
    case implicit(6):
      return { kind: 'uri', text: ia5(contents, `${field}.uniformResourceIdentifier`) };
    case implicit(7):
      return { kind: 'ip', octets: address(contents, `${field}.iPAddress`, forConstraints) };
    case implicit(8):
      return { kind: 'registeredId', value: contents };
    default:
      throw new X509Error(field, `tag ${tag.toString(16)}, which is no GeneralName`);
  }
}

/** Texts of the URIs among names. */
export function urisOf(names: readonly GeneralName[]): string[] {
  return names.flatMap((name) => (name.kind === 'uri' ? [name.text] : []));
}

function otherName(contents: Uint8Array, field: string): GeneralName {
  const reader = new DerReader(contents, field);
  const oid = oidText(reader.take(Tag.OID, 'type').contents);
  const wrapped = new DerReader(reader.take(context(0), 'value').contents, field);
  const value = wrapped.any('value').der;
  wrapped.end();
  reader.end();
  return { kind: 'other', oid, value };
}

function directoryName(contents: Uint8Array, field: string): Uint8Array {
  checkName(contents, field);
  return contents;
}

function address(octets: Uint8Array, field: string, withMask: boolean): Uint8Array {
  const single = withMask ? 8 : 4;
  if (octets.length === single) return octets;
  if (octets.length === 4 * single) return octets;
  throw new X509Error(field, `${octets.length} octets, expected ${single} or ${4 * single}`);
}
