import type { Crypto } from '../contracts/crypto.ts';
import { latin1 } from '../util/bytes.ts';
import { ElementType, printableText } from './element.ts';

/** A section of a request and the text that stands for its octets. */
export interface SectionText {
  readonly name: string;
  readonly text: string;
}

/** Longer sections go by their hash. */
const MAX_TEXT = 1024;

/** What stands for a section: equal texts are equal octets. */
export function sectionText(octets: Uint8Array, crypto: Crypto): string {
  if (octets.length <= MAX_TEXT) return latin1(octets);
  return `sha256 ${latin1(crypto.hash('sha256', octets))}`;
}

/** The sections of a message that holds nothing else; `undefined` for any other, and for what is malformed. */
export function sectionTexts(
  octets: Uint8Array,
  offset: number,
  crypto: Crypto,
): readonly SectionText[] | undefined {
  const sections: SectionText[] = [];
  let began = offset;
  while (began < octets.length) {
    const end = endOfSection(octets, began);
    if (end === undefined) return undefined;
    const first = began + 2;
    const name = printableText(octets, first, first + (octets[began + 1] ?? 0));
    if (name === undefined) return undefined;
    sections.push({ name, text: sectionText(octets.subarray(began, end), crypto) });
    began = end;
  }
  return sections;
}

/** Where the section ends that begins here. */
function endOfSection(octets: Uint8Array, began: number): number | undefined {
  if (octets[began] !== ElementType.SECTION_START) return undefined;
  let at = began;
  let depth = 0;
  while (at < octets.length) {
    const type = octets[at++];
    if (type === undefined || type < ElementType.SECTION_START || type > ElementType.LIST_END)
      return undefined;
    const named =
      type === ElementType.SECTION_START ||
      type === ElementType.LIST_START ||
      type === ElementType.KEY_VALUE;
    if (named) at += 1 + (octets[at] ?? 0);
    if (type === ElementType.KEY_VALUE || type === ElementType.LIST_ITEM)
      at += 2 + (((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0));
    if (type === ElementType.SECTION_START) depth++;
    else if (type === ElementType.SECTION_END && --depth === 0)
      return at <= octets.length ? at : undefined;
  }
  return undefined;
}
