import { IdType } from '../proto/iana/id-types.ts';
import type { Identity } from '../proto/identity.ts';
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

/** Whether a configured identity names exactly one peer, so that it can be sent as IDr. */
export function isConcrete(identity: Identity | undefined): identity is Identity {
  if (identity === undefined || identity.type === 0 || identity.pattern !== undefined) return false;
  return !identity.data.includes(ASTERISK);
}

const ASTERISK = 0x2a;
