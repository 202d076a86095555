import { createHash, createHmac } from 'node:crypto';
import type { HashName } from '../../daemon/contracts/crypto.ts';
import type { HashFunction } from '../../daemon/contracts/plugin.ts';
import { LibcryptoHash } from '../../native/libcrypto.ts';
import { type Calls, demandDone, takeSecret } from './calls.ts';

/** A hash function of the addon. */
export interface LibcryptoDigest {
  readonly name: HashName;
  readonly number: number;
  readonly digestOctets: number;
}

export const SHA1: LibcryptoDigest = { name: 'sha1', number: LibcryptoHash.SHA1, digestOctets: 20 };
export const SHA256: LibcryptoDigest = {
  name: 'sha256',
  number: LibcryptoHash.SHA256,
  digestOctets: 32,
};
export const SHA384: LibcryptoDigest = {
  name: 'sha384',
  number: LibcryptoHash.SHA384,
  digestOctets: 48,
};
export const SHA512: LibcryptoDigest = {
  name: 'sha512',
  number: LibcryptoHash.SHA512,
  digestOctets: 64,
};

/** SHA-1 and SHA-2, FIPS 180-4. */
export function libcryptoHashes(calls: Calls): Readonly<Record<HashName, HashFunction>> {
  const of = (hash: LibcryptoDigest): HashFunction => {
    return (...chunks) => digest(calls, hash, chunks);
  };
  return { sha1: of(SHA1), sha256: of(SHA256), sha384: of(SHA384), sha512: of(SHA512) };
}

function digest(
  { addon, octets }: Calls,
  { name, number, digestOctets }: LibcryptoDigest,
  chunks: readonly Uint8Array[],
): Uint8Array {
  const end = write(octets, 0, chunks);
  if (end === undefined) {
    const hash = createHash(name);
    for (const chunk of chunks) hash.update(chunk);
    return new Uint8Array(hash.digest());
  }
  demandDone(addon.digest(number, end));
  return takeSecret(octets, 0, digestOctets);
}

/** The first `wanted` octets of the HMAC (RFC 2104) of the chunks joined, with the key of `keyLength` octets at the start of the memory. */
export function hmacWithWrittenKey(
  { addon, octets }: Calls,
  { name, number, digestOctets }: LibcryptoDigest,
  keyLength: number,
  chunks: readonly Uint8Array[],
  wanted = digestOctets,
): Uint8Array {
  const end = write(octets, keyLength, chunks);
  if (end === undefined) {
    const hmac = createHmac(name, octets.subarray(0, keyLength));
    octets.fill(0, 0, keyLength);
    for (const chunk of chunks) hmac.update(chunk);
    return new Uint8Array(hmac.digest()).slice(0, wanted);
  }
  demandDone(addon.hmac(number, keyLength, end - keyLength));
  const mac = octets.slice(0, wanted);
  octets.fill(0, 0, digestOctets);
  return mac;
}

/** Writes chunks to the memory; where they end, or nothing if they have no room: a peer's packets have, files of an operator may not. */
function write(
  octets: Uint8Array,
  start: number,
  chunks: readonly Uint8Array[],
): number | undefined {
  let end = start;
  for (const chunk of chunks) end += chunk.length;
  if (end > octets.length) return undefined;
  let offset = start;
  for (const chunk of chunks) {
    octets.set(chunk, offset);
    offset += chunk.length;
  }
  return end;
}
