import { section } from '../../config/tree.ts';
import type { ChildSaView } from '../../control/views.ts';
import type { Command } from '../command.ts';
import { childSasSection } from '../events/child-sa-fields.ts';
import { ikeSaFields } from '../events/ike-sa-fields.ts';
import { saSelector } from '../sa-selector.ts';

/** One `list-sa` event per IKE_SA, then an empty answer. `child` and `child-id` filter the children shown only. */
export const listSas: Command = {
  name: 'list-sas',
  run: async ({ tree }, context) => {
    const selector = saSelector(tree);
    const { child, childId } = selector;
    const wanted = (sa: ChildSaView): boolean =>
      (child === undefined || sa.name === child) &&
      (childId === undefined || sa.uniqueId === childId);
    for await (const ike of context.services.control.listSas(selector)) {
      if (context.signal.aborted) break;
      const children = childSasSection(ike.children.filter(wanted));
      context.event('list-sa', [section(ike.name, [...ikeSaFields(ike), children])]);
      const turn = context.ready();
      if (turn !== undefined) await turn;
    }
    return [];
  },
};
