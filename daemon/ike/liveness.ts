import type { IkeSa } from './ike-sa.ts';
import { ikeDpd } from './tasks/ike-dpd.ts';

/** From now on a silent peer is asked for a sign of life, and a NAT in front of us kept open. */
export function watchLiveness(sa: IkeSa): void {
  const dpdDelay = sa.connection?.dpdDelay ?? 0;
  if (dpdDelay > 0) sa.timers.start('dpd', dpdDelay * 1000);
  followNat(sa);
}

/**
 * The dpd timer fired, so many milliseconds late: asks a silent peer for a sign of life with an empty INFORMATIONAL, RFC 7296 section 2.4, but only if
 * neither IKE nor ESP came from it for the whole interval and no exchange is running that will tell as well.
 *
 * Where this process could not run for a while, the questions of all that time would go out at once. Each is put off by as much as it is
 * late, which spreads them over as long a time as they would have taken.
 */
export async function checkLiveness(sa: IkeSa, late: number): Promise<void> {
  const delay = (sa.connection?.dpdDelay ?? 0) * 1000;
  if (delay === 0 || sa.state.kind !== 'established') return;
  const silent = Math.min(sinceInbound(sa), await sinceEsp(sa));
  if (silent < delay) {
    sa.timers.start('dpd', delay - silent);
    return;
  }
  if (late > 0) {
    sa.timers.start('dpdPutOff', Math.min(late, delay));
    return;
  }
  sa.timers.start('dpd', delay);
  await askAtOnce(sa);
}

/** Asks the peer for a sign of life now, unless an exchange is running that will tell as well. */
export async function askAtOnce(sa: IkeSa): Promise<void> {
  // Without a way to the peer its silence says nothing.
  if (sa.tasks.busy || sa.engine.waiting || sa.mobike?.stranded) return;
  sa.log.log('ike', 1, 'sending DPD request');
  sa.tasks.queue(ikeDpd());
  await sa.tasks.advance();
}

function sinceInbound(sa: IkeSa): number {
  return sa.env.clock.now() - sa.lastInbound;
}

// The kernel tells seconds of the wall clock. After a clock was set back nothing is known until the next packet: that must
// not count as a sign of life, or a dead peer lived until the clock is where it was.
async function sinceEsp(sa: IkeSa): Promise<number> {
  let newest = 0;
  for (const child of sa.children.values()) {
    const usage = await child.refreshUsage();
    newest = Math.max(newest, usage.in?.lastUsed ?? 0);
  }
  const silent = sa.env.clock.wallClock() - newest * 1000;
  return silent < -ROUNDING ? Number.POSITIVE_INFINITY : Math.max(0, silent);
}

/** Milliseconds by which the kernel's clock may be ahead of ours. */
const ROUNDING = 1000;

/** Keepalives are sent while there is a NAT in front of us, from now on as it is now. */
export function followNat(sa: IkeSa): void {
  const interval = sa.env.options().keep_alive * 1000;
  if (!sa.nat.local || interval === 0) sa.timers.stop('natKeepalive');
  else if (!sa.timers.runs('natKeepalive')) sa.timers.start('natKeepalive', interval);
}

const KEEPALIVE = Uint8Array.of(0xff);

/**
 * The keepalive timer fired: one octet if nothing else was sent meanwhile, RFC 3948 section 2.3. If it is later than
 * `keep_alive_dpd_margin` allows, this host slept and the mapping may be another one: the peer is asked instead.
 */
export async function sendKeepalive(sa: IkeSa): Promise<void> {
  const interval = sa.env.options().keep_alive * 1000;
  if (interval === 0 || !sa.nat.local || sa.state.kind !== 'established') return;
  const margin = sa.env.options().keep_alive_dpd_margin * 1000;
  if (margin > 0 && sa.timers.lateBy('natKeepalive') > margin) {
    sa.timers.start('natKeepalive', interval);
    await askAtOnce(sa);
    return;
  }
  const quiet = sa.env.clock.now() - sa.lastOutbound;
  if (quiet < interval) {
    sa.timers.start('natKeepalive', interval - quiet);
    return;
  }
  sa.log.log('ike', 1, `sending keep alive to ${sa.remote.address}[${sa.remote.port}]`);
  sa.env.sendRaw(sa.local, sa.remote, KEEPALIVE);
  sa.lastOutbound = sa.env.clock.now();
  sa.timers.start('natKeepalive', interval);
}
