import { sectionKeys } from '../message-keys.ts';
import { writeChildSa } from './child-sa-fields.ts';
import type { GlobalEvent } from './global.ts';
import { writeIkeSa } from './ike-sa-fields.ts';

const S = sectionKeys('child-sas', 'old', 'new');

/** A CHILD_SA was rekeyed. Its section is named after the configuration alone, without a number. */
export const childRekeyEvent: GlobalEvent = {
  name: 'child-rekey',
  droppable: false,
  connect: ({ control }, send) =>
    control.onEvent((event) => {
      if (event.kind !== 'child-rekey') return;
      send((out) => {
        out.named(event.ike.name);
        writeIkeSa(out, event.ike);
        out.section(S['child-sas']);
        out.named(event.old.name);
        out.section(S.old);
        writeChildSa(out, event.old);
        out.end();
        out.section(S.new);
        writeChildSa(out, event.new);
        out.end();
        out.end();
        out.end();
        out.end();
      });
    }),
};
