import { valueKeys } from '../message-keys.ts';
import type { GlobalEvent } from './global.ts';
import { writeIkeSaAlone } from './list-sa.ts';

const K = valueKeys('up');

/** An IKE_SA was established or goes away. */
export const ikeUpdownEvent: GlobalEvent = {
  name: 'ike-updown',
  droppable: false,
  connect: ({ control }, send) =>
    control.onEvent((event) => {
      if (event.kind !== 'ike-updown') return;
      send((out) => {
        out.flag(K.up, event.up);
        writeIkeSaAlone(out, event.ike);
      });
    }),
};
