import type { SaSelector } from '../../control/control.ts';
import type { ChildSaView, IkeSaView } from '../../control/views.ts';
import type { Command } from '../command.ts';
import { writeSa } from '../events/list-sa.ts';
import { saSelector } from '../sa-selector.ts';
import { streamEvents } from '../stream-events.ts';

/** One `list-sa` event per IKE_SA, then an empty answer. `child` and `child-id` filter the children shown only. */
export const listSas: Command = {
  name: 'list-sas',
  run: async ({ tree }, context) => {
    const selector = saSelector(tree);
    const { control } = context.services;
    await streamEvents(context, 'list-sa', control.listSas(selector), (out, ike) =>
      writeSa(out, ike, shown(ike, selector)),
    );
    return [];
  },
};

function shown({ children }: IkeSaView, { child, childId }: SaSelector): readonly ChildSaView[] {
  if (child === undefined && childId === undefined) return children;
  return children.filter(
    (sa) =>
      (child === undefined || sa.name === child) &&
      (childId === undefined || sa.uniqueId === childId),
  );
}
