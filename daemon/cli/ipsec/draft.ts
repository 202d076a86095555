import { type ConfPosition, type ConfSection, newSection } from '../../config/conf-tree.ts';
import type { IpsecValue } from './ipsec-conf.ts';

/** A section of swanctl.conf being written; every value keeps the place in ipsec.conf that it comes from. */
export class Draft {
  readonly section: ConfSection;

  constructor(position: ConfPosition) {
    this.section = newSection(position);
  }

  set(name: string, text: string, position: ConfPosition): void {
    this.section.values.set(name, { text, position });
  }

  /** Takes a value over as it is, if there is one. */
  copy(name: string, value: IpsecValue | undefined): void {
    if (value !== undefined) this.set(name, value.text, value.position);
  }

  /** Begins a section within this one. */
  sub(name: string, position: ConfPosition): Draft {
    const draft = new Draft(position);
    this.section.sections.set(name, draft.section);
    return draft;
  }
}
