import { type IpAddress, ipBytes } from '../proto/ip-address.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { narrow } from '../proto/traffic-selector-math.ts';
import { equalBytes } from '../util/bytes.ts';

/**
 * Selectors of a transport mode request as they look from our side of a NAT, RFC 7296 section 2.23.1: the host they name is
 * behind the NAT, what we see is the NAT's address. Anything but single hosts is left alone.
 */
export function acrossNat(
  selectors: readonly TrafficSelector[],
  seen: IpAddress,
): readonly TrafficSelector[] {
  const address = ipBytes(seen);
  const hosts = selectors.every((selector) =>
    equalBytes(selector.startAddress, selector.endAddress),
  );
  return hosts ? selectors.map((selector) => at(selector, address)) : selectors;
}

/** The same selectors for the peer again, who knows its own address only. */
export function backAcrossNat(
  agreed: readonly TrafficSelector[],
  original: readonly TrafficSelector[],
): readonly TrafficSelector[] {
  const address = original[0]?.startAddress;
  return address === undefined ? agreed : agreed.map((selector) => at(selector, address));
}

/**
 * What of our selectors the answer to our transport mode request agrees to. Some responders answer with what we sent, others with
 * the addresses as they see them, which `seen`, the address here of a side that is behind a NAT, then replaces.
 */
export function narrowAcrossNat(
  own: readonly TrafficSelector[],
  answered: readonly TrafficSelector[],
  seen: IpAddress | undefined,
): readonly TrafficSelector[] {
  const agreed = narrow(own, answered);
  if (agreed.length > 0 || seen === undefined) return agreed;
  return narrow(own, acrossNat(answered, seen));
}

function at(selector: TrafficSelector, address: Uint8Array): TrafficSelector {
  const family = address.length === 4 ? 4 : 6;
  return { ...selector, family, startAddress: address, endAddress: address };
}
