import type { Endpoint } from '../proto/endpoint.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import type { RedirectTarget } from '../proto/redirect-target.ts';
import type { IkeSa } from './ike-sa.ts';

/** Where an IKE_SA connects to if not where its connection says. */
export type Destination =
  /** Exactly these ends: those of the IKE_SA it replaces, which a NAT on the way knows. */
  | { readonly local: Endpoint; readonly remote: Endpoint }
  /** A gateway that another one sent us to, RFC 5685. */
  | {
      readonly gateway: RedirectTarget;
      readonly redirectedFrom: IpAddress;
      /** When we were redirected lately, monotonic milliseconds. */
      readonly redirects: readonly number[];
    };

/** The ends of an IKE_SA, for one that replaces it. */
export function sameEnds({ local, remote }: IkeSa): Destination {
  return { local, remote };
}
