import { valueKeys } from '../message-keys.ts';
import type { GlobalEvent } from './global.ts';
import { writeSa } from './list-sa.ts';

const K = valueKeys('up');

/** A CHILD_SA was installed or removed. */
export const childUpdownEvent: GlobalEvent = {
  name: 'child-updown',
  droppable: false,
  connect: ({ control }, send) =>
    control.onEvent((event) => {
      if (event.kind !== 'child-updown') return;
      send((out) => {
        out.flag(K.up, event.up);
        writeSa(out, event.ike);
      });
    }),
};
