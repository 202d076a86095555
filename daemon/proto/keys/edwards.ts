import { toBigInt } from './ec-curves.ts';

/** Octets of a public key, which is half a signature (RFC 8032 sections 5.1.6 and 5.2.6). */
export const edwardsOctets = { ed25519: 32, ed448: 57 } as const;

/** One of the two curves of RFC 8032. */
export type EdwardsCurve = keyof typeof edwardsOctets;

/**
 * Whether these octets (little-endian, of the right length) are no key anybody may have: a point of small order, for which one
 * signature fits many messages, or a coordinate that is not reduced and so is another name of some other key.
 */
export function isLowOrder(curve: EdwardsCurve, key: Uint8Array): boolean {
  const y = coordinate(key);
  return y >= PRIME[curve] || SMALL_ORDER[curve].includes(y);
}

/** Whether the length is right and S, the second half, is below the order of the group (RFC 8032 sections 5.1.7 and 5.2.7). */
export function isCanonicalEdwards(curve: EdwardsCurve, signature: Uint8Array): boolean {
  const half = edwardsOctets[curve];
  return signature.length === 2 * half && littleEndian(signature.subarray(half)) < ORDER[curve];
}

const PRIME = { ed25519: 2n ** 255n - 19n, ed448: 2n ** 448n - 2n ** 224n - 1n } as const;

const ORDER = {
  ed25519: 2n ** 252n + 27742317777372353535851937790883648493n,
  ed448: 2n ** 446n - 13818066809895115352007386748515426880336692474882178609894547503885n,
} as const;

// y of the points of order 8, the positive one.
const ORDER_8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;

// The order of Ed25519's small subgroup is 8, that of Ed448 is 4: (0, 1), (0, -1), the two with y = 0, and four of order 8.
const SMALL_ORDER: Readonly<Record<EdwardsCurve, readonly bigint[]>> = {
  ed25519: [0n, 1n, PRIME.ed25519 - 1n, ORDER_8, PRIME.ed25519 - ORDER_8],
  ed448: [0n, 1n, PRIME.ed448 - 1n],
};

// The highest bit is the sign of x.
function coordinate(key: Uint8Array): bigint {
  return littleEndian(key) & (2n ** BigInt(key.length * 8 - 1) - 1n);
}

function littleEndian(octets: Uint8Array): bigint {
  return toBigInt(octets.toReversed());
}
