import type { DaemonEvent } from '../../contracts/events.ts';
import type { ChildSaView, IkeSaView } from '../../control/views.ts';
import { valueKeys } from '../message-keys.ts';
import type { GlobalEvent } from './global.ts';
import { writeSa } from './list-sa.ts';

const K = valueKeys('up');

/**
 * What clients for DMVPN (FRR's nhrpd) register for and charon does not know: each CHILD_SA by itself as it is installed,
 * replaced and closed, in the form of `child-updown`.
 */
function childStateEvent(
  name: string,
  up: boolean,
  pick: (event: DaemonEvent) => { ike: IkeSaView; child: ChildSaView | undefined } | undefined,
): GlobalEvent {
  return {
    name,
    droppable: false,
    connect: ({ control }, send) =>
      control.onEvent((event) => {
        const { ike, child } = pick(event) ?? {};
        if (ike === undefined || child === undefined) return;
        send((out) => {
          out.flag(K.up, up);
          writeSa(out, ike, [child]);
        });
      }),
  };
}

/** A CHILD_SA is in the kernel, new or in the place of another. */
export const childStateInstalledEvent = childStateEvent('child-state-installed', true, (event) => {
  if (event.kind === 'child-rekey') return { ike: event.ike, child: event.new };
  if (event.kind !== 'child-updown' || !event.up) return undefined;
  return { ike: event.ike, child: event.ike.children[0] };
});

/** Another CHILD_SA took its place. */
export const childStateRekeyedEvent = childStateEvent('child-state-rekeyed', false, (event) =>
  event.kind === 'child-rekey' ? { ike: event.ike, child: event.old } : undefined,
);

/** It is gone, be it that another one took its place: nhrpd counts those that are there by this and the first. */
export const childStateDestroyingEvent = childStateEvent(
  'child-state-destroying',
  false,
  (event) => {
    if (event.kind === 'child-rekey') return { ike: event.ike, child: event.old };
    if (event.kind !== 'child-updown' || event.up) return undefined;
    return { ike: event.ike, child: event.ike.children[0] };
  },
);
