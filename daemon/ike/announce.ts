import type { AlertType } from '../contracts/events.ts';
import type { ChildSa } from './child-sa.ts';
import type { IkeEnvironment } from './environment.ts';
import type { IkeSa } from './ike-sa.ts';
import { viewChildSa, viewIkeSa } from './ike-sa-view.ts';

/** A CHILD_SA that replaces none is in the kernel: the world may know, and its script runs. */
export function announceChildUp(sa: IkeSa, child: ChildSa): void {
  sa.env.updown.up(sa, child);
  sa.env.emit(() => ({ kind: 'child-updown', up: true, ike: viewIkeSa(sa, [child]) }));
}

/**
 * A CHILD_SA that none replaces is about to be removed: its script runs. The returned function tells the world, once it
 * is gone.
 */
export function announceChildDown(sa: IkeSa, child: ChildSa): () => void {
  const { env } = sa;
  const ike = env.watched() ? viewIkeSa(sa, [child]) : undefined;
  env.updown.down(sa, child);
  return () => {
    if (ike !== undefined) env.emit(() => ({ kind: 'child-updown', up: false, ike }));
  };
}

/** One CHILD_SA took the place of another, whoever asked for it: counted and told instead of up and down. */
export function announceChildRekey(sa: IkeSa, old: ChildSa, fresh: ChildSa): void {
  const { env } = sa;
  env.counters.count('child-rekey', sa.tag.name);
  env.updown.replaced(old, fresh);
  env.emit(() => ({
    kind: 'child-rekey',
    ike: viewIkeSa(sa, []),
    // The side that was asked tells of it when the old one is closed.
    old: { ...viewChildSa(sa, old), state: old.state === 'REKEYED' ? 'DELETED' : old.state },
    new: viewChildSa(sa, fresh),
  }));
}

/** One IKE_SA took the place of another by rekeying; its original initiator is who asked for it. */
export function announceIkeRekey(old: IkeSa, fresh: IkeSa): void {
  const { env } = fresh;
  env.counters.count(fresh.isInitiator ? 'ike-rekey-init' : 'ike-rekey-resp', fresh.tag.name);
  env.emit(() => ({
    kind: 'ike-rekey',
    // Told as the last that happens before the other takes over.
    old: { ...viewIkeSa(old, []), state: 'REKEYING' },
    new: viewIkeSa(fresh, []),
  }));
}

/** An error condition of an IKE_SA, or of none. */
export function alert(env: IkeEnvironment, type: AlertType, sa?: IkeSa): void {
  env.emit(() => ({ kind: 'alert', type, ...(sa === undefined ? {} : { ike: viewIkeSa(sa) }) }));
}

/** The same where a stranger can cause it as often as he likes: at a bounded rate. */
export function alertFromOutside(env: IkeEnvironment, type: AlertType, sa?: IkeSa): void {
  if (!env.watched() || env.outsideAlerts.pass(env.clock.now()) === undefined) return;
  alert(env, type, sa);
}
