import type { AuthorityConfig } from '../contracts/credentials.ts';
import { latin1, printable } from '../util/bytes.ts';
import { didYouMean } from '../util/did-you-mean.ts';
import { ConfigError } from '../util/error.ts';
import { parseUint32 } from './durations-text.ts';
import type { Tree, TreeEntry } from './tree.ts';

const VALUES = ['cacert', 'file', 'handle', 'slot', 'module', 'cert_uri_base'];
const LISTS = ['crl_uris', 'ocsp_uris'];

/** URIs of one kind that an authority may have. */
const MAX_URIS = 32;

/**
 * Reads a section of `authorities` as it comes over VICI. Throws {@link ConfigError} whose message begins with charon's sentence. The CA
 * certificate is taken as data only: a path would be read with the daemon's rights on behalf of a client that may have fewer.
 */
export function parseAuthority(name: string, tree: Tree): AuthorityConfig {
  if (name === '') throw new ConfigError('name', 'an authority needs a name');
  const values = new Map<string, Uint8Array>();
  const lists = new Map<string, readonly string[]>();
  for (const entry of tree) {
    if (entry.kind === 'value' && VALUES.includes(entry.name)) {
      values.set(entry.name, entry.value);
    } else if (entry.kind === 'list' && LISTS.includes(entry.name)) {
      lists.set(entry.name, [...(lists.get(entry.name) ?? []), ...urisOf(entry.name, entry.items)]);
    } else {
      throw unknownOption(entry);
    }
  }
  const slot = values.get('slot');
  if (slot !== undefined && parseUint32(latin1(slot)) === undefined)
    throw invalidValue('slot', `'${printable(slot.subarray(0, 64))}' is no number`);
  const certUriBase = values.get('cert_uri_base');
  return {
    name,
    cacert: certificateOf(name, values),
    crlUris: lists.get('crl_uris') ?? [],
    ocspUris: lists.get('ocsp_uris') ?? [],
    ...(certUriBase === undefined || certUriBase.length === 0
      ? {}
      : { certUriBase: uriOf('cert_uri_base', certUriBase) }),
  };
}

function certificateOf(name: string, values: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const cacert = values.get('cacert');
  if (cacert !== undefined && cacert.length > 0) return cacert;
  if (values.has('file')) {
    throw invalidValue(
      'file',
      'the daemon reads no files on behalf of VICI clients; write cacert = <file>, which swanctl reads and sends',
    );
  }
  if (values.has('handle'))
    throw invalidValue('handle', 'certificates on tokens are not supported; send it as cacert');
  throw new ConfigError(name, `CA certificate missing: ${name}`);
}

function urisOf(key: string, items: readonly Uint8Array[]): readonly string[] {
  if (items.length > MAX_URIS) {
    throw invalidValue(key, `${items.length} URIs are given, at most ${MAX_URIS} are allowed`);
  }
  return items.map((item) => uriOf(key, item));
}

const MAX_URI = 2048;

function uriOf(key: string, octets: Uint8Array): string {
  if (octets.length > MAX_URI || octets.some((octet) => octet <= 0x20 || octet > 0x7e)) {
    const shown = printable(octets.subarray(0, 64));
    throw invalidValue(key, `'${shown}' is no URI: up to ${MAX_URI} printable ASCII characters`);
  }
  return latin1(octets);
}

function invalidValue(key: string, why: string): ConfigError {
  return new ConfigError(key, `invalid value for: ${key}, authority discarded: ${why}`);
}

function unknownOption({ kind, name }: TreeEntry): ConfigError {
  const sentence = `unknown option: ${name}, authority discarded`;
  if (VALUES.includes(name))
    return new ConfigError(name, `${sentence}: a single value is expected, not a ${kind}`);
  if (LISTS.includes(name))
    return new ConfigError(name, `${sentence}: a list is expected, not a ${kind}`);
  const similar = didYouMean(name, [...VALUES, ...LISTS]);
  const hint = similar === undefined ? '' : `: did you mean '${similar}'?`;
  return new ConfigError(name, `${sentence}${hint}`);
}
