import { NotifyType } from '../proto/iana/notify-types.ts';
import type { Message, NotifyPayload } from '../proto/payload.ts';
import type { RedirectTarget } from '../proto/redirect-target.ts';
import { decodeRedirect, encodeRedirect } from '../wire/redirect-data.ts';
import type { Destination } from './destination.ts';
import { EstablishError } from './errors.ts';
import type { IkeSa } from './ike-sa.ts';
import { findNotify, notify } from './payloads.ts';
import { replaceIkeSa } from './reauth.ts';
import { ikeRedirect } from './tasks/ike-redirect.ts';

/** RFC 5685 section 10: whoever is sent on more often than this goes round in circles. */
const MAX_REDIRECTS = 5;
const LOOP_PERIOD = 300_000;

/** The gateway sent us elsewhere before the IKE_SA was established. */
export class RedirectedError extends EstablishError {
  readonly target: RedirectTarget;

  constructor(target: RedirectTarget) {
    super(`redirected to ${target.text}`);
    this.target = target;
  }
}

/** As initiator in IKE_SA_INIT: that we follow redirects, or who redirected us (which says so as well). */
export function redirectAbility(sa: IkeSa): readonly NotifyPayload[] {
  if (!sa.env.options().follow_redirects) return [];
  const address = redirectionOf(sa)?.redirectedFrom;
  if (address === undefined) return [notify(NotifyType.REDIRECT_SUPPORTED)];
  const from = encodeRedirect({ kind: 'host', address, text: address });
  return [notify(NotifyType.REDIRECTED_FROM, from)];
}

/** Throws {@link RedirectedError} if a response to the initial exchanges sends us elsewhere. */
export function checkRedirected(sa: IkeSa, message: Message): void {
  const redirect = findNotify(message, NotifyType.REDIRECT);
  if (redirect === undefined || !sa.env.options().follow_redirects) return;
  const decoded = decodeRedirect(redirect.data);
  if (decoded === undefined)
    throw new EstablishError('peer redirects us to no gateway we understand');
  throw new RedirectedError(decoded.target);
}

/**
 * Heads for another gateway from the start. Throws {@link EstablishError} if that happened too often.
 */
export function goElsewhere(sa: IkeSa, target: RedirectTarget): void {
  sa.log.log('ike', 1, `redirected to ${target.text}`);
  const redirectedFrom = sa.remote.address;
  sa.destination = { gateway: target, redirectedFrom, redirects: countRedirect(sa) };
}

/** How it came to this gateway, if another one sent us. */
function redirectionOf({
  destination,
}: IkeSa): Extract<Destination, { gateway: unknown }> | undefined {
  return destination !== undefined && 'gateway' in destination ? destination : undefined;
}

function countRedirect(sa: IkeSa): readonly number[] {
  const now = sa.env.clock.now();
  const recent = (redirectionOf(sa)?.redirects ?? []).filter((at) => now - at < LOOP_PERIOD);
  if (recent.length >= MAX_REDIRECTS) {
    throw new EstablishError(
      `redirected more than ${MAX_REDIRECTS} times in ${LOOP_PERIOD / 1000} seconds, giving up`,
    );
  }
  return [...recent, now];
}

/**
 * The gateway sends an established IKE_SA elsewhere, RFC 5685 section 5: a new one there takes the place of this one, which stays until
 * then. Only the original initiator follows.
 */
export function followActiveRedirect(sa: IkeSa, { data }: NotifyPayload): void {
  const decoded = decodeRedirect(data);
  if (!sa.originalInitiator || !sa.env.options().follow_redirects || decoded === undefined) {
    sa.log.log('ike', 1, 'received REDIRECT notify, ignored');
    return;
  }
  if (sa.ending || sa.replacedBy !== undefined || sa.successor !== undefined) return;
  const { target } = decoded;
  try {
    const redirects = countRedirect(sa);
    sa.log.log('ike', 1, `redirected to ${target.text}`);
    replaceIkeSa(sa, { gateway: target, redirects, redirectedFrom: sa.remote.address });
  } catch (error) {
    if (!(error instanceof EstablishError)) throw error;
    sa.log.log('ike', 1, error.message);
  }
}

/** As responder: what an IKE_SA_INIT request says about redirects. */
export function noteRedirectAbility(sa: IkeSa, message: Message): void {
  const from = findNotify(message, NotifyType.REDIRECTED_FROM);
  sa.peerFollowsRedirects =
    from !== undefined || findNotify(message, NotifyType.REDIRECT_SUPPORTED) !== undefined;
  const decoded = from && decodeRedirect(from.data);
  if (decoded !== undefined) {
    sa.log.log('ike', 1, `client got redirected from ${decoded.target.text}`);
  }
}

/** N(REDIRECT) for an IKE_SA_INIT response, if the peer is to be served elsewhere. */
export function redirectInit(sa: IkeSa, nonce: Uint8Array): NotifyPayload | undefined {
  if (!sa.peerFollowsRedirects) return undefined;
  const target = sa.env.redirects?.onInit(sa.remote.address);
  if (target === undefined) return undefined;
  sa.log.log('ike', 1, `redirecting ${sa.remote.address} to ${target.text}`);
  return notify(NotifyType.REDIRECT, encodeRedirect(target, nonce));
}

/** N(REDIRECT) for an IKE_AUTH response, if the authenticated peer is to be served elsewhere. */
export function redirectAuth(sa: IkeSa): NotifyPayload | undefined {
  if (!sa.peerFollowsRedirects || sa.remoteId === undefined) return undefined;
  const target = sa.env.redirects?.onAuth(sa.remote.address, sa.remoteId);
  if (target === undefined) return undefined;
  sa.log.log('ike', 1, `redirecting peer '${sa.printedId('remote')}' to ${target.text}`);
  return notify(NotifyType.REDIRECT, encodeRedirect(target));
}

/** Sends the peer of an established IKE_SA elsewhere, if that is ours to do and the peer follows. */
export function redirectActive(sa: IkeSa, target: RedirectTarget): void {
  if (sa.state.kind !== 'established' || sa.ending || sa.successor !== undefined) return;
  if (sa.originalInitiator) {
    sa.log.log('ike', 1, `unable to redirect IKE_SA ${sa.label}, we are its original initiator`);
    return;
  }
  if (!sa.peerFollowsRedirects) {
    sa.log.log(
      'ike',
      1,
      `unable to redirect IKE_SA ${sa.label}, its peer does not follow redirects`,
    );
    return;
  }
  sa.log.log('ike', 1, `redirecting peer '${sa.printedId('remote')}' to ${target.text}`);
  sa.tasks.queue(ikeRedirect(notify(NotifyType.REDIRECT, encodeRedirect(target))));
}
