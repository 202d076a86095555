import { section, value } from '../../config/tree.ts';
import type { GlobalEvent } from './global.ts';
import { ikeSaFields } from './ike-sa-fields.ts';

/** An error condition. */
export const alertEvent: GlobalEvent = {
  name: 'alert',
  droppable: false,
  connect: ({ control }, send) =>
    control.onEvent((event) => {
      if (event.kind !== 'alert') return;
      const { ike } = event;
      send([
        value('type', event.type),
        ...(ike === undefined ? [] : [section('ike-sa', [section(ike.name, ikeSaFields(ike))])]),
      ]);
    }),
};
