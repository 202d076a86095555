import type { ChildSaView, IkeSaView } from '../../control/views.ts';
import type { MessageWriter } from '../message-writer.ts';
import { writeChildSas } from './child-sa-fields.ts';
import { writeIkeSa } from './ike-sa-fields.ts';

/** Writes an IKE_SA as the section of its name, with these CHILD_SAs (all, if not said). */
export function writeSa(
  out: MessageWriter,
  ike: IkeSaView,
  children: readonly ChildSaView[] = ike.children,
): void {
  out.named(ike.name);
  writeIkeSa(out, ike);
  writeChildSas(out, children);
  out.end();
}

/** The same without CHILD_SAs. */
export function writeIkeSaAlone(out: MessageWriter, ike: IkeSaView): void {
  out.named(ike.name);
  writeIkeSa(out, ike);
  out.end();
}
