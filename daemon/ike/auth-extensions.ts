import { NotifyType } from '../proto/iana/notify-types.ts';
import type { Message, Payload } from '../proto/payload.ts';
import { crashToken, takeCrashToken } from './crash-detection.ts';
import type { IkeSa } from './ike-sa.ts';
import { syncSupport } from './message-id-sync.ts';
import { findNotify } from './payloads.ts';

/** What our IKE_AUTH request offers besides the proof: message-ID sync (RFC 6311), a crash detection token (RFC 6290). */
export function offerExtensions(sa: IkeSa): readonly Payload[] {
  return [syncSupport(), ...crashToken(sa)];
}

/** The same in our answer, to a peer that {@link agreeOnExtensions} has read. */
export function acceptExtensions(sa: IkeSa): readonly Payload[] {
  return [...(sa.syncsMessageIds ? [syncSupport()] : []), ...crashToken(sa)];
}

/** Reads them from the IKE_AUTH message of a peer that proved itself. */
export function agreeOnExtensions(sa: IkeSa, message: Message): void {
  sa.syncsMessageIds =
    findNotify(message, NotifyType.IKEV2_MESSAGE_ID_SYNC_SUPPORTED) !== undefined;
  takeCrashToken(sa, message);
}
