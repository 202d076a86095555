import { hasWildcard } from '../proto/dn-match.ts';
import { IdType } from '../proto/iana/id-types.ts';
import type { Identity } from '../proto/identity.ts';
import { isPattern } from '../proto/identity-match.ts';
import { familyOf, type IpAddress, ipBytes } from '../proto/ip-address.ts';
import { concatBytes } from '../util/bytes.ts';

/** The identity of an address: what a side without a configured one calls itself. */
export function addressIdentity(address: IpAddress): Identity {
  return {
    type: familyOf(address) === 4 ? IdType.ID_IPV4_ADDR : IdType.ID_IPV6_ADDR,
    data: ipBytes(address),
  };
}

/** Body of an ID payload as it enters the signed octets, RFC 7296 section 2.15: type, three zero octets, data. */
export function idPayloadBody(identity: Identity): Uint8Array {
  return concatBytes(Uint8Array.of(identity.type, 0, 0, 0), identity.data);
}

/** Whether a configured identity names exactly one peer, so that it can be sent. */
export function isConcrete(identity: Identity | undefined): identity is Identity {
  if (identity === undefined) return false;
  if (identity.type === IdType.ID_DER_ASN1_DN) return !hasWildcard(identity.data);
  return !isPattern(identity);
}

/**
 * What we call ourselves: the configured identity; where that stands for many, the one of them that the peer asks for
 * in IDr; else our address. `asked` fits the configured identity.
 */
export function localIdentity(
  configured: Identity | undefined,
  address: IpAddress,
  asked: Identity | undefined,
): Identity {
  if (isConcrete(configured)) return configured;
  return (configured === undefined ? undefined : asked) ?? addressIdentity(address);
}

/** The identity of whoever proves none, RFC 7619 section 2.2. */
export const NOBODY: Identity = { type: IdType.ID_NULL, data: new Uint8Array(0) };

/** Whether an identity is that of nobody: such peers are never taken for one another. */
export function isNobody(identity: Identity | undefined): boolean {
  return identity?.type === IdType.ID_NULL;
}
