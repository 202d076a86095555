import type { UrlOrigin } from '../../contracts/fetcher.ts';
import { type AddressReach, reachOf } from '../../proto/address-reach.ts';
import type { IpAddress } from '../../proto/ip-address.ts';

/** How far inward URLs of certificates and peers may lead: addresses of this host and its links only with `any`. */
export type AddressPolicy = 'public' | 'private' | 'any';

/** Addresses one hop of a fetch may connect to. */
export interface AddressRule {
  readonly allows: (address: IpAddress) => boolean;
}

/**
 * The rule of the first hop. The operator may name any server; of what others name, the servers of this host are not for them
 * unless the policy says so.
 */
export function firstHop(origin: UrlOrigin, policy: AddressPolicy): AddressRule {
  return rule(origin === 'configured' ? 'local' : INNERMOST[policy]);
}

/**
 * The rule of a redirect: as the first hop's, and never further inward than the hop that sends us there, so that no server
 * outside can aim us at one inside.
 */
export function redirected(from: IpAddress, origin: UrlOrigin, policy: AddressPolicy): AddressRule {
  const before = reachOf(from);
  const first = firstHop(origin, policy);
  const limit = rule(before === 'none' ? 'public' : before);
  return { allows: (address) => first.allows(address) && limit.allows(address) };
}

const INNERMOST: Readonly<Record<AddressPolicy, Exclude<AddressReach, 'none'>>> = {
  public: 'public',
  private: 'private',
  any: 'local',
};

const DEPTH: Readonly<Record<AddressReach, number>> = { public: 0, private: 1, local: 2, none: 3 };

function rule(innermost: Exclude<AddressReach, 'none'>): AddressRule {
  return { allows: (address) => DEPTH[reachOf(address)] <= DEPTH[innermost] };
}
