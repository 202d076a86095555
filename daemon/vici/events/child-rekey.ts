import { section } from '../../config/tree.ts';
import { childSaFields } from './child-sa-fields.ts';
import type { GlobalEvent } from './global.ts';
import { ikeSaFields } from './ike-sa-fields.ts';

/** A CHILD_SA was rekeyed. Its section is named after the configuration alone, without a number. */
export const childRekeyEvent: GlobalEvent = {
  name: 'child-rekey',
  droppable: false,
  connect: ({ control }, send) =>
    control.onEvent((event) => {
      if (event.kind !== 'child-rekey') return;
      const both = [
        section('old', childSaFields(event.old)),
        section('new', childSaFields(event.new)),
      ];
      send([
        section(event.ike.name, [
          ...ikeSaFields(event.ike),
          section('child-sas', [section(event.old.name, both)]),
        ]),
      ]);
    }),
};
