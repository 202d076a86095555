import { NotifyType } from '../proto/iana/notify-types.ts';
import type { NotifyPayload } from '../proto/payload.ts';
import type { IkeSa } from './ike-sa.ts';
import { notify } from './payloads.ts';

/** Seconds less than this are no time to reauthenticate in: a peer that says so does not make us go round in circles. */
const SHORTEST_AUTH_LIFETIME = 10;
/** Share of an AUTH_LIFETIME that is left for reauthenticating. */
const MARGIN = 0.1;

/**
 * An IKE_SA was established or replaced another: starts the timers of its life. Each time is `rekey_time` or `reauth_time`
 * less a random share; the hard limit is the earlier of the two plus `over_time`. The moment of reauthentication is kept if
 * there is one already, as it outlasts rekeying.
 */
export function scheduleLifetimes(sa: IkeSa): void {
  const { connection, env } = sa;
  if (connection === undefined) return;
  const moment = (seconds: number): number | undefined =>
    seconds === 0
      ? undefined
      : env.clock.now() + (seconds - share(connection.randTime, seconds, sa)) * 1000;
  sa.rekeyAt = moment(connection.rekeyTime);
  sa.reauthAt ??= moment(connection.reauthTime);
  if (sa.rekeyAt !== undefined) startRekey(sa, sa.rekeyAt);
  if (sa.reauthAt !== undefined) startReauth(sa, sa.reauthAt);
  startHardLifetime(sa);
}

// Never all of it: a configuration whose share is as large as the time would begin anew at once.
function share(rand: number, seconds: number, sa: IkeSa): number {
  const most = Math.min(rand, seconds - 1);
  return most > 0 ? sa.env.random.below(Math.min(most, 0xffff_ffff)) : 0;
}

function startRekey(sa: IkeSa, at: number): void {
  const left = Math.max(0, at - sa.env.clock.now());
  sa.log.log('ike', 1, `scheduling rekeying in ${Math.round(left / 1000)}s`);
  sa.timers.start('rekey', left);
}

function startReauth(sa: IkeSa, at: number): void {
  const left = Math.max(0, at - sa.env.clock.now());
  sa.log.log('ike', 1, `scheduling reauthentication in ${Math.round(left / 1000)}s`);
  sa.timers.start('reauth', left);
}

function startHardLifetime(sa: IkeSa): void {
  const moments = [sa.rekeyAt, sa.reauthAt].filter((moment) => moment !== undefined);
  if (moments.length === 0) return;
  const over = (sa.connection?.overTime ?? 0) * 1000;
  const left = Math.max(0, Math.min(...moments) + over - sa.env.clock.now());
  sa.log.log('ike', 1, `maximum IKE_SA lifetime ${Math.round(left / 1000)}s`);
  sa.timers.start('hardLifetime', left);
}

/** Tells the initiator in IKE_AUTH when it has to authenticate again, RFC 4478; nothing if it need not. */
export function authLifetime(sa: IkeSa): readonly NotifyPayload[] {
  if (sa.reauthAt === undefined) return [];
  const seconds = Math.max(1, Math.floor((sa.reauthAt - sa.env.clock.now()) / 1000));
  const data = new Uint8Array(4);
  new DataView(data.buffer).setUint32(0, seconds);
  return [notify(NotifyType.AUTH_LIFETIME, data)];
}

/**
 * The responder limits how long our authentication counts (RFC 4478): a moment earlier than ours replaces ours, also where we
 * never meant to reauthenticate. Only the original initiator is told this.
 */
export function obeyAuthLifetime(sa: IkeSa, { data }: NotifyPayload): void {
  if (!sa.originalInitiator || data.length !== 4) return;
  const { buffer, byteOffset } = data;
  const seconds = new DataView(buffer, byteOffset, 4).getUint32(0);
  const usable = Math.max(seconds, SHORTEST_AUTH_LIFETIME);
  const now = sa.env.clock.now();
  const at = now + usable * (1 - MARGIN) * 1000;
  const received = `received AUTH_LIFETIME of ${seconds}s`;
  if (sa.reauthAt !== undefined && sa.reauthAt <= at) {
    const left = Math.round((sa.reauthAt - now) / 1000);
    sa.log.log('ike', 1, `${received}, reauthentication already scheduled in ${left}s`);
    return;
  }
  const left = Math.round((at - now) / 1000);
  sa.log.log('ike', 1, `${received}, scheduling reauthentication in ${left}s`);
  sa.reauthAt = at;
  sa.timers.start('reauth', at - now);
  startHardLifetime(sa);
}
