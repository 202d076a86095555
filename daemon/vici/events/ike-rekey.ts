import { section } from '../../config/tree.ts';
import type { GlobalEvent } from './global.ts';
import { ikeSaFields } from './ike-sa-fields.ts';

/** An IKE_SA was rekeyed: the old one and the one that took its place. */
export const ikeRekeyEvent: GlobalEvent = {
  name: 'ike-rekey',
  droppable: false,
  connect: ({ control }, send) =>
    control.onEvent((event) => {
      if (event.kind !== 'ike-rekey') return;
      send([
        section(event.old.name, [
          section('old', ikeSaFields(event.old)),
          section('new', ikeSaFields(event.new)),
        ]),
      ]);
    }),
};
