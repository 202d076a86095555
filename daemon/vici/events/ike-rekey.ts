import { sectionKeys } from '../message-keys.ts';
import type { GlobalEvent } from './global.ts';
import { writeIkeSa } from './ike-sa-fields.ts';

const S = sectionKeys('old', 'new');

/** An IKE_SA was rekeyed: the old one and the one that took its place. */
export const ikeRekeyEvent: GlobalEvent = {
  name: 'ike-rekey',
  droppable: false,
  connect: ({ control }, send) =>
    control.onEvent((event) => {
      if (event.kind !== 'ike-rekey') return;
      send((out) => {
        out.named(event.old.name);
        out.section(S.old);
        writeIkeSa(out, event.old);
        out.end();
        out.section(S.new);
        writeIkeSa(out, event.new);
        out.end();
        out.end();
      });
    }),
};
