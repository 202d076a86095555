import { flag, section } from '../../config/tree.ts';
import { childSasSection } from './child-sa-fields.ts';
import type { GlobalEvent } from './global.ts';
import { ikeSaFields } from './ike-sa-fields.ts';

/** A CHILD_SA was installed or removed. */
export const childUpdownEvent: GlobalEvent = {
  name: 'child-updown',
  droppable: false,
  connect: ({ control }, send) =>
    control.onEvent((event) => {
      if (event.kind !== 'child-updown') return;
      const { ike } = event;
      send([
        ...flag('up', event.up),
        section(ike.name, [...ikeSaFields(ike), childSasSection(ike.children)]),
      ]);
    }),
};
