import { sectionKeys, valueKeys } from '../message-keys.ts';
import type { GlobalEvent } from './global.ts';
import { writeIkeSaAlone } from './list-sa.ts';

const K = valueKeys('type');
const S = sectionKeys('ike-sa');

/** An error condition. */
export const alertEvent: GlobalEvent = {
  name: 'alert',
  droppable: false,
  connect: ({ control }, send) =>
    control.onEvent((event) => {
      if (event.kind !== 'alert') return;
      send((out) => {
        out.text(K.type, event.type);
        if (event.ike === undefined) return;
        out.section(S['ike-sa']);
        writeIkeSaAlone(out, event.ike);
        out.end();
      });
    }),
};
