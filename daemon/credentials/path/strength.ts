import type { PublicKey, SignatureScheme } from '../../contracts/signatures.ts';
import type { StrengthConstraints } from '../trust.ts';

/** What the daemon demands of every chain, whatever a connection says. */
export interface WeakAlgorithms {
  /** Whether signatures over SHA-1 are believed: collisions can be bought. */
  readonly sha1: boolean;
  /** Least public exponent of RSA keys. */
  readonly minExponent: bigint;
}

/** Nothing that is known to be weak. */
export const NO_WEAK_ALGORITHMS: WeakAlgorithms = { sha1: false, minExponent: 65_537n };

const MIN_RSA_BITS = 1024;

/** Why a key is too weak, `undefined` if it is not. */
export function weakKey(
  { type, exponent }: PublicKey,
  { keys }: StrengthConstraints,
  weak: WeakAlgorithms,
): string | undefined {
  if (type.kind === 'rsa') {
    if (type.bits < MIN_RSA_BITS)
      return `its RSA key has ${type.bits} bits, at least ${MIN_RSA_BITS} are required`;
    if (exponent !== undefined && exponent < weak.minExponent)
      return `its RSA key has the exponent ${exponent}, at least ${weak.minExponent} is required`;
  }
  // A kind without bits asks nothing of the chain. Once bits are asked for, RSA and ECDSA must be named; kinds of one size pass.
  if (!keys.some(({ bits }) => bits > 0)) return undefined;
  const least = keys.filter(({ kind }) => kind === type.kind).map(({ bits }) => bits);
  const wanted = keys.map(({ kind, bits }) => `${kind}-${bits}`).join(' or ');
  if (least.length === 0)
    return type.kind === 'rsa' || type.kind === 'ecdsa'
      ? `its key is ${type.kind}-${type.bits}, but ${wanted} is required`
      : undefined;
  return type.bits < Math.min(...least)
    ? `its key is ${type.kind}-${type.bits}, but at least ${wanted} is required`
    : undefined;
}

/**
 * Why a signature is too weak, `undefined` if it is not. Lists of hashes say nothing of schemes that have no choice of a hash
 * (EdDSA, ML-DSA).
 */
export function weakSignature(
  scheme: SignatureScheme,
  { hashes }: StrengthConstraints,
  weak: WeakAlgorithms,
): string | undefined {
  if (!('hash' in scheme)) return undefined;
  const { hash } = scheme;
  if (hash === 'sha1' && !weak.sha1) return 'it is signed with SHA-1, which is no longer secure';
  return hashes.length > 0 && !hashes.includes(hash)
    ? `it is signed with ${hash}, but ${hashes.join(' or ')} is required`
    : undefined;
}

/** Whether a key can make signatures of a scheme at all. */
export function fitsScheme({ type }: PublicKey, scheme: SignatureScheme): boolean {
  switch (scheme.kind) {
    case 'rsa-pkcs1':
    case 'rsa-pss':
      return type.kind === 'rsa';
    default:
      return type.kind === scheme.kind;
  }
}
