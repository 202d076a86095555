import type { ChildConfig } from '../config/connection-types.ts';
import { familyOf, type IpAddress, isUnspecified, unspecified } from '../proto/ip-address.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import {
  equalSelectors,
  isSubset,
  narrow,
  selectorOfPrefix,
} from '../proto/traffic-selector-math.ts';
import { printSelector, type SelectorConfig } from '../proto/traffic-selector-text.ts';
import type { ChildSa } from './child-sa.ts';
import type { IkeSa } from './ike-sa.ts';
import { wantedAddresses } from './receive-addresses.ts';

/** `10.1.0.0/16 === 10.2.0.0/16` */
export function printSelectors(
  local: readonly TrafficSelector[],
  remote: readonly TrafficSelector[],
): string {
  return `${printList(local)} === ${printList(remote)}`;
}

function printList(selectors: readonly TrafficSelector[]): string {
  return selectors.map((selector) => printSelector(selector)).join(' ');
}

/**
 * What `dynamic` means on our side: our virtual IPs; as long as the peer has still to assign them any address of their
 * families; without them the address of the IKE_SA.
 */
export function localHosts(sa: IkeSa): readonly IpAddress[] {
  if (sa.configuration.local.length > 0) return sa.configuration.local;
  const wanted = wantedAddresses(sa);
  if (sa.state.kind === 'established' || wanted.length === 0) return [sa.local.address];
  return [...new Set(wanted.map((address) => unspecified(familyOf(address))))];
}

/** What `dynamic` means on the peer's side: the virtual IPs we assigned to it, or its address. */
export function remoteHosts(sa: IkeSa): readonly IpAddress[] {
  return sa.configuration.remote.length > 0 ? sa.configuration.remote : [sa.remote.address];
}

/** Both sides of a child's selectors with `dynamic` replaced by the addresses of the two ends. */
export function configuredSelectors(
  child: ChildConfig,
  local: readonly IpAddress[],
  remote: readonly IpAddress[],
): { readonly local: readonly TrafficSelector[]; readonly remote: readonly TrafficSelector[] } {
  return {
    local: child.localTs.flatMap((selector) => resolve(selector, local)),
    remote: child.remoteTs.flatMap((selector) => resolve(selector, remote)),
  };
}

/**
 * Pairs of selectors that the CHILD_SAs of one IKE_SA may have where the configuration itself has fewer: each is a policy of the kernel
 * in every direction, and a peer may cut its selectors as small as it likes.
 */
const MAX_PAIRS = 1024;

/** Whether a CHILD_SA with these selectors, in the place of another one if it `replaces` it, would have too many policies. */
export function tooManyPairs(
  sa: IkeSa,
  { child, local, remote }: ChildChoice,
  replaces: ChildSa | undefined,
): boolean {
  let pairs = local.length * remote.length;
  const own = configuredSelectors(child, localHosts(sa), remoteHosts(sa));
  if (pairs <= own.local.length * own.remote.length) return false;
  for (const other of sa.children.values()) {
    const { localTs, remoteTs } = other.terms;
    if (other.live && other !== replaces) pairs += localTs.length * remoteTs.length;
  }
  return pairs > MAX_PAIRS;
}

// An unspecified address stands for every one of its family.
function resolve(selector: SelectorConfig, hosts: readonly IpAddress[]): TrafficSelector[] {
  if (selector.kind === 'fixed') return [selector.selector];
  return hosts.map((host) => selectorOfPrefix(host, isUnspecified(host) ? 0 : 128, selector.upper));
}

/** A child that fits proposed selectors, with what is left of them (RFC 7296 section 2.9). */
export interface ChildChoice {
  readonly child: ChildConfig;
  readonly local: readonly TrafficSelector[];
  readonly remote: readonly TrafficSelector[];
}

/**
 * The child whose selectors fit best: each side counts more if neither what is configured nor what is proposed had to be
 * narrowed, the first in order wins a tie. `undefined` if none has anything in common with the proposed selectors on both sides.
 */
export function chooseChild(
  children: Iterable<ChildConfig>,
  local: readonly IpAddress[],
  remote: readonly IpAddress[],
  proposed: {
    readonly local: readonly TrafficSelector[];
    readonly remote: readonly TrafficSelector[];
  },
): ChildChoice | undefined {
  let best: ChildChoice | undefined;
  let bestScore = 0;
  for (const child of children) {
    if (child.mode === 'pass' || child.mode === 'drop') continue;
    const configured = configuredSelectors(child, local, remote);
    const left = narrow(configured.local, proposed.local);
    const right = narrow(configured.remote, proposed.remote);
    if (left.length === 0 || right.length === 0) continue;
    const score =
      sideScore(left, configured.local, proposed.local) +
      sideScore(right, configured.remote, proposed.remote);
    if (score > bestScore) {
      best = { child, local: left, remote: right };
      bestScore = score;
    }
  }
  return best;
}

const EQUAL_SCORE = 2;
const NARROWED_SCORE = 1;

function sideScore(
  narrowed: readonly TrafficSelector[],
  configured: readonly TrafficSelector[],
  proposed: readonly TrafficSelector[],
): number {
  // A proposal may begin with the selectors of a packet, which lie within the others.
  const all = proposed.every((one) => narrowed.some((left) => isSubset(one, left)));
  return all && equalSelectors(narrowed, configured) ? EQUAL_SCORE : NARROWED_SCORE;
}
