import { AddressFlag, type InterfaceAddress } from '../../native/index.ts';

/** IFA_F_TEMPORARY: made by the kernel for privacy, RFC 8981. */
const TEMPORARY = 1;
const UNUSABLE = AddressFlag.DEPRECATED | AddressFlag.TENTATIVE | AddressFlag.DADFAILED;
/** Octets of the prefix in which a host makes addresses for itself. */
const PREFIX_OCTETS = 8;

/**
 * The address to speak from instead of `chosen`, the kernel's choice: of the same interface and prefix, temporary if those
 * are preferred and lasting otherwise, so that an IKE_SA does not lose its address within a day. `chosen` itself if it is
 * that already, or if there is none.
 */
export function lastingOrNot(
  all: readonly InterfaceAddress[],
  chosen: Uint8Array,
  preferTemporary: boolean,
): Uint8Array {
  const own = all.find(({ address }) => startsLike(address, chosen, chosen.length));
  if (own === undefined || isTemporary(own) === preferTemporary) return chosen;
  const other = all.find(
    (one) =>
      one.ifindex === own.ifindex &&
      one.scope === own.scope &&
      one.prefix === own.prefix &&
      (one.flags & UNUSABLE) === 0 &&
      isTemporary(one) === preferTemporary &&
      startsLike(one.address, chosen, PREFIX_OCTETS),
  );
  return other?.address ?? chosen;
}

function isTemporary({ flags }: InterfaceAddress): boolean {
  return (flags & TEMPORARY) !== 0;
}

function startsLike(some: Uint8Array, other: Uint8Array, octets: number): boolean {
  return some.length === other.length && other.subarray(0, octets).every((o, i) => some[i] === o);
}
