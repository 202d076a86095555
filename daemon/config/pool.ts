import { type AddressRange, parseAddressRange } from '../proto/address-range.ts';
import type { ConfigAttribute } from '../proto/payload.ts';
import { latin1 } from '../util/bytes.ts';
import { ConfigError } from '../util/error.ts';
import { isPoolAttribute, POOL_ATTRIBUTE_NAMES, poolAttribute } from './pool-attributes.ts';
import type { Tree } from './tree.ts';

/** A pool of virtual IPs as configured. */
export interface PoolConfig {
  readonly name: string;
  readonly range: AddressRange;
  /** Sent to peers that got an address of this pool, in order of the configuration. */
  readonly attributes: readonly ConfigAttribute[];
}

/** Attributes of one pool: with those of a few others they must fit an IKE message. */
export const MAX_POOL_ATTRIBUTES = 64;

/** Reads a section of `pools`. Throws {@link ConfigError} whose message begins with charon's sentence. */
export function parsePool(name: string, tree: Tree): PoolConfig {
  const fail = (message: string, key = name): never => {
    throw new ConfigError(key, message);
  };
  let range: AddressRange | undefined;
  const attributes: ConfigAttribute[] = [];
  for (const entry of tree) {
    if (entry.name === 'addrs' && entry.kind === 'value') {
      if (range !== undefined) return fail('multiple addrs defined', 'addrs');
      range = rangeOf(entry.value, fail);
      continue;
    }
    if (entry.kind !== 'list' || !isPoolAttribute(entry.name)) {
      return fail(
        `invalid attribute: ${entry.name} (lists named ${POOL_ATTRIBUTE_NAMES.join(', ')} ` +
          'or a number from 1 to 32767 are attributes)',
        entry.name,
      );
    }
    for (const item of entry.items) {
      const text = latin1(item);
      const attribute = isPrintable(text) ? poolAttribute(entry.name, text) : undefined;
      if (attribute === undefined)
        return fail(`invalid attribute value for ${entry.name}`, entry.name);
      attributes.push(attribute);
    }
  }
  if (range === undefined) return fail(`missing addrs for pool '${name}'`);
  if (attributes.length > MAX_POOL_ATTRIBUTES) {
    return fail(
      `pool '${name}' has ${attributes.length} attributes, at most ${MAX_POOL_ATTRIBUTES}`,
    );
  }
  return { name, range, attributes };
}

function rangeOf(octets: Uint8Array, fail: (message: string, key: string) => never): AddressRange {
  const text = latin1(octets);
  if (!isPrintable(text)) return fail('invalid addrs value', 'addrs');
  return parseAddressRange(text) ?? fail(`invalid addrs value: ${text.slice(0, 100)}`, 'addrs');
}

function isPrintable(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text);
}
