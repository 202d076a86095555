import type { AddressSpan } from '../credentials/trust.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { narrow } from '../proto/traffic-selector-math.ts';
import { printSelector } from '../proto/traffic-selector-text.ts';
import type { IkeSa } from './ike-sa.ts';

/**
 * What of the peer's selectors lies within the addresses that its certificates grant it (RFC 3779 section 1); all of them where the certificates
 * do not speak of addresses.
 */
export function withinGrants(
  { state, log }: IkeSa,
  selectors: readonly TrafficSelector[],
): readonly TrafficSelector[] {
  if (state.kind !== 'established') return selectors;
  let left = selectors;
  for (const grant of state.peer.grants) {
    left = narrow(grant.map(selectorOf), left);
    for (const selector of left) {
      log.log(
        'ike',
        1,
        `TS ${printSelector(selector)} is contained in address block constraint of the peer's certificate`,
      );
    }
    if (left.length === 0) {
      const asked = selectors.map(printSelector).join(' ');
      log.log('ike', 1, `TS ${asked} is contained in no address block of the peer's certificate`);
    }
  }
  return left;
}

function selectorOf({ family, from, to }: AddressSpan): TrafficSelector {
  return { family, protocol: 0, startPort: 0, endPort: 0xffff, startAddress: from, endAddress: to };
}
