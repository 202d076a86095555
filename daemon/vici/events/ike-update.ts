import { valueKeys } from '../message-keys.ts';
import type { GlobalEvent } from './global.ts';
import { printHost } from './ike-sa-fields.ts';
import { writeIkeSaAlone } from './list-sa.ts';

const K = valueKeys('local-host', 'local-port', 'remote-host', 'remote-port');

/** An endpoint of an IKE_SA is about to change: the new ones first, the section shows the old ones. */
export const ikeUpdateEvent: GlobalEvent = {
  name: 'ike-update',
  droppable: false,
  connect: ({ control }, send) =>
    control.onEvent((event) => {
      if (event.kind !== 'ike-update') return;
      send((out) => {
        out.text(K['local-host'], printHost(event.localHost));
        out.number(K['local-port'], event.localPort);
        out.text(K['remote-host'], printHost(event.remoteHost));
        out.number(K['remote-port'], event.remotePort);
        writeIkeSaAlone(out, event.ike);
      });
    }),
};
