import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

/** Hashes that PKCS#12 derives keys with. */
export type Pkcs12Hash = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

/** What derived octets are for, RFC 7292 appendix B.3. */
export const Pkcs12Use = { KEY: 1, IV: 2, MAC: 3 } as const;

const BLOCK_OCTETS: Readonly<Record<Pkcs12Hash, number>> = {
  sha1: 64,
  sha224: 64,
  sha256: 64,
  sha384: 128,
  sha512: 128,
};

/** Rounds that are done without giving others a turn: some milliseconds. */
const ROUNDS_AT_ONCE = 2_000;

/** Everything that goes into a derivation. */
export interface Pkcs12Derivation {
  readonly hash: Pkcs12Hash;
  readonly use: (typeof Pkcs12Use)[keyof typeof Pkcs12Use];
  /** As {@link bmpPassphrase} makes it. */
  readonly passphrase: Uint8Array;
  readonly salt: Uint8Array;
  readonly rounds: number;
  readonly octets: number;
}

/** Derives a key, an initialization vector or a MAC key of a passphrase as RFC 7292 appendix B.2 does. The caller wipes the result. */
export async function derivePkcs12(derivation: Pkcs12Derivation): Promise<Uint8Array> {
  const { hash: name, use, passphrase, salt, rounds, octets } = derivation;
  const block = BLOCK_OCTETS[name];
  const input = new Uint8Array(
    block + rounded(salt.length, block) + rounded(passphrase.length, block),
  );
  const filled = input.subarray(block);
  input.fill(use, 0, block);
  repeat(filled.subarray(0, rounded(salt.length, block)), salt);
  repeat(filled.subarray(rounded(salt.length, block)), passphrase);
  const derived = new Uint8Array(octets);
  for (let offset = 0; ; ) {
    const digest = await rehashed(name, input, rounds);
    derived.set(digest.subarray(0, octets - offset), offset);
    offset += digest.length;
    if (offset >= octets) {
      input.fill(0);
      return derived;
    }
    const addend = new Uint8Array(block);
    repeat(addend, digest);
    for (let at = 0; at < filled.length; at += block)
      addPlusOne(filled.subarray(at, at + block), addend);
  }
}

/** A passphrase as PKCS#12 has it: UTF-16, most significant octet first, with two octets of zero behind; `undefined` if it is not UTF-8. */
export function bmpPassphrase(utf8: Uint8Array): Uint8Array | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(utf8);
  } catch {
    return undefined;
  }
  const octets = new Uint8Array(2 * text.length + 2);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    octets[2 * i] = unit >> 8;
    octets[2 * i + 1] = unit & 0xff;
  }
  return octets;
}

async function rehashed(name: Pkcs12Hash, input: Uint8Array, rounds: number): Promise<Uint8Array> {
  let digest = hash(name, input, 'buffer');
  for (let round = 1; round < rounds; round++) {
    digest = hash(name, digest, 'buffer');
    if (round % ROUNDS_AT_ONCE === 0) await setImmediate();
  }
  return digest;
}

function rounded(length: number, block: number): number {
  return block * Math.ceil(length / block);
}

function repeat(target: Uint8Array, source: Uint8Array): void {
  for (let i = 0; i < target.length; i++) target[i] = source[i % source.length] ?? 0;
}

// target = target + addend + 1, as numbers of as many octets.
function addPlusOne(target: Uint8Array, addend: Uint8Array): void {
  let carry = 1;
  for (let i = target.length - 1; i >= 0; i--) {
    const sum = (target[i] ?? 0) + (addend[i] ?? 0) + carry;
    target[i] = sum & 0xff;
    carry = sum >> 8;
  }
}
