import { familyOf, ipBytes, ipFromBytes, isUnspecified } from '../proto/ip-address.ts';
import { parseRedirectTarget, type RedirectTarget } from '../proto/redirect-target.ts';
import { concatBytes, utf8 } from '../util/bytes.ts';

/** Kinds of a gateway's identity, RFC 5685 section 7.2. */
const IPV4 = 1;
const IPV6 = 2;
const FQDN = 3;
/** Octets of a DNS name. */
const LONGEST_NAME = 253;

/** Data of N(REDIRECT) or N(REDIRECTED_FROM): kind, length, identity, and in IKE_SA_INIT the initiator's nonce. */
export function encodeRedirect(
  target: RedirectTarget,
  nonce: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const name = target.kind === 'name' ? utf8(target.text) : ipBytes(target.address);
  const kind = target.kind === 'name' ? FQDN : familyOf(target.address) === 4 ? IPV4 : IPV6;
  return concatBytes(Uint8Array.of(kind, name.length), name, nonce);
}

/** What {@link encodeRedirect} wrote; `undefined` for anything that names no gateway. The nonce is a view. */
export function decodeRedirect(
  data: Uint8Array,
): { readonly target: RedirectTarget; readonly nonce: Uint8Array } | undefined {
  const [kind = 0, length = 0] = data;
  if (data.length < 2 + length) return undefined;
  const target = decodeTarget(kind, data.subarray(2, 2 + length));
  return target && { target, nonce: data.subarray(2 + length) };
}

function decodeTarget(kind: number, octets: Uint8Array): RedirectTarget | undefined {
  if ((kind === IPV4 && octets.length === 4) || (kind === IPV6 && octets.length === 16)) {
    const address = ipFromBytes(octets);
    return isUnspecified(address) ? undefined : { kind: 'host', address, text: address };
  }
  if (kind !== FQDN || octets.length > LONGEST_NAME) return undefined;
  return parseRedirectTarget(String.fromCharCode(...octets), true);
}
