import type { ConfNode } from '../../config/conf-tree.ts';
import { list, section, type Tree, type TreeEntry, value } from '../../config/tree.ts';
import type { OperatorFiles } from '../../contracts/operator-files.ts';
import { utf8 } from '../../util/bytes.ts';
import { fromHex } from '../../util/hex.ts';
import { reasonOf } from './folder-files.ts';

/** Keys that are split at commas and sent as lists. */
const LISTS: ReadonlySet<string> = new Set([
  'local_addrs',
  'remote_addrs',
  'proposals',
  'esp_proposals',
  'ah_proposals',
  'local_ts',
  'remote_ts',
  'vips',
  'pools',
  'groups',
  'cert_policy',
]);

/** Keys whose items are files to send, and the folder they are in. */
const FILE_LISTS: ReadonlyMap<string, string> = new Map([
  ['certs', 'x509'],
  ['cacerts', 'x509ca'],
  ['pubkeys', 'pubkey'],
]);

/** A file named in the configuration that cannot be sent; the message is the line to print. */
export class FileProblem extends Error {
  override readonly name = 'FileProblem';
}

/** Items of a list as written: separated by commas, blanks around them dropped, empty ones left out. */
export function splitItems(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** What is sent of a connection. Throws {@link FileProblem}. */
export function connectionMessage(node: ConfNode, base: string, files: OperatorFiles): Tree {
  const keys = node.keys().map((key): TreeEntry => {
    const text = node.value(key)?.text ?? '';
    if (LISTS.has(key)) return list(key, splitItems(text));
    const folder = FILE_LISTS.get(key);
    if (folder === undefined) return value(key, text);
    return list(
      key,
      splitItems(text).map((item) => fileItem(key, item, `${base}/${folder}`, files)),
    );
  });
  const sections = node
    .sectionNames()
    .map((name) => section(name, connectionMessage(node.at(name), base, files)));
  return [...keys, ...sections];
}

/** What is sent of a pool: its addresses as they are, everything else as lists. */
export function poolMessage(node: ConfNode): Tree {
  return node.keys().map((key) => {
    const text = node.value(key)?.text ?? '';
    return key === 'addrs' ? value(key, text) : list(key, splitItems(text));
  });
}

/** What is sent of an authority. Throws {@link FileProblem}. */
export function authorityMessage(node: ConfNode, base: string, files: OperatorFiles): Tree {
  return node.keys().map((key) => {
    const text = node.value(key)?.text ?? '';
    if (key === 'crl_uris' || key === 'ocsp_uris') return list(key, splitItems(text));
    if (key === 'cacert') return value(key, fileItem(key, text, `${base}/x509ca`, files));
    return value(key, text);
  });
}

/** Octets of a secret as written: `0x` and hexadecimal, `0s` and base64, else the text itself. */
export function secretOctets(text: string): Uint8Array {
  if (/^0x/i.test(text)) {
    const digits = text.slice(2).replaceAll(/[:\s]/g, '');
    const octets = fromHex(digits.length % 2 === 1 ? `0${digits}` : digits);
    if (octets !== undefined) return octets;
  }
  if (/^0s/i.test(text)) {
    const octets = fromBase64(text.slice(2));
    if (octets !== undefined) return octets;
  }
  return utf8(text);
}

function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text.replaceAll(/\s/g, '')), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function fileItem(key: string, item: string, folder: string, files: OperatorFiles): Uint8Array {
  if (/^0[xs]/i.test(item)) {
    const octets = secretOctets(item);
    if (octets.length > 0) return octets;
  }
  const path = item.startsWith('/') ? item : `${folder}/${item}`;
  try {
    return files.readOctets(path);
  } catch (error) {
    throw new FileProblem(`loading ${label(key)} certificate '${path}' failed: ${reasonOf(error)}`);
  }
}

// The words of the stock program.
function label(key: string): string {
  return key === 'cacert' ? 'ca' : key;
}
