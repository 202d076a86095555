import { section, value } from '../../config/tree.ts';
import type { GlobalEvent } from './global.ts';
import { ikeSaFields, printHost } from './ike-sa-fields.ts';

/** An endpoint of an IKE_SA is about to change: the new ones first, the section shows the old ones. */
export const ikeUpdateEvent: GlobalEvent = {
  name: 'ike-update',
  droppable: false,
  connect: ({ control }, send) =>
    control.onEvent((event) => {
      if (event.kind !== 'ike-update') return;
      send([
        value('local-host', printHost(event.localHost)),
        value('local-port', event.localPort),
        value('remote-host', printHost(event.remoteHost)),
        value('remote-port', event.remotePort),
        section(event.ike.name, ikeSaFields(event.ike)),
      ]);
    }),
};
