import type { Identity } from '../proto/identity.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import type { RedirectTarget } from '../proto/redirect-target.ts';

/**
 * Decides who is served elsewhere. Asked only about peers that follow redirects; it must answer at once. Without one nobody is
 * redirected before he is connected.
 */
export interface RedirectPolicy {
  /** Before any work is done for a peer: its address is all that is known, and not proven. */
  onInit(peer: IpAddress): RedirectTarget | undefined;
  /** Once the peer has proven its identity. */
  onAuth(peer: IpAddress, identity: Identity): RedirectTarget | undefined;
}
