import { hash as digestOf } from 'node:crypto';
import type { HashName } from '../../daemon/contracts/crypto.ts';
import type { HashFunction } from '../../daemon/contracts/plugin.ts';
import { concatBytes } from '../../daemon/util/bytes.ts';
import { plain } from './plain.ts';

const names: readonly HashName[] = ['sha1', 'sha256', 'sha384', 'sha512'];

/** SHA-1 and SHA-2 (FIPS 180-4) by the one-shot digest, which costs half of a hash object. */
export const nodeHashes: Readonly<Record<HashName, HashFunction>> = Object.fromEntries(
  names.map((name): [HashName, HashFunction] => [
    name,
    (...chunks) => {
      const [only] = chunks;
      const message = chunks.length === 1 && only !== undefined ? only : concatBytes(...chunks);
      return plain(digestOf(name, message, 'buffer'));
    },
  ]),
) as Record<HashName, HashFunction>;
