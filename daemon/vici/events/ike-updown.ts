import { flag, section } from '../../config/tree.ts';
import type { GlobalEvent } from './global.ts';
import { ikeSaFields } from './ike-sa-fields.ts';

/** An IKE_SA was established or goes away. */
export const ikeUpdownEvent: GlobalEvent = {
  name: 'ike-updown',
  droppable: false,
  connect: ({ control }, send) =>
    control.onEvent((event) => {
      if (event.kind !== 'ike-updown') return;
      send([...flag('up', event.up), section(event.ike.name, ikeSaFields(event.ike))]);
    }),
};
