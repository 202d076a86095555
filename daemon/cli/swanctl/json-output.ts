import type { Tree } from '../../config/tree.ts';
import { jsonText } from '../../vici/json-text.ts';
import { answerFields, eventFields, type FieldTypes } from '../../vici/number-fields.ts';

/** What becomes of a message, known by the label under which it would be dumped; types are made when they are needed. */
type Part =
  /** An element of the array that the listing is. */
  | { readonly kind: 'item'; readonly types: () => FieldTypes }
  /** The array is complete. */
  | { readonly kind: 'end' }
  /** A line of a stream; with a name if messages of several kinds come. */
  | { readonly kind: 'line'; readonly types: () => FieldTypes; readonly event?: string }
  /** The whole document. */
  | { readonly kind: 'document'; readonly types: () => FieldTypes };

const item = (event: string): Part => ({ kind: 'item', types: () => eventFields(event) });
const change = (event: string): Part => ({ kind: 'line', types: () => eventFields(event), event });
const answer = (command: string): Part => ({
  kind: 'document',
  types: () => answerFields(command),
});
const END: Part = { kind: 'end' };

const PARTS: ReadonlyMap<string, Part> = new Map<string, Part>([
  ['list-sa event', item('list-sa')],
  ['list-policy event', item('list-policy')],
  ['list-conn event', item('list-conn')],
  ['list-cert event', item('list-cert')],
  ['list-authorities event', item('list-authority')],
  ['list-sas reply', END],
  ['list-policies reply', END],
  ['list-conns reply', END],
  ['list-certs reply', END],
  ['list-authorities reply', END],
  ['ike-updown event', change('ike-updown')],
  ['child-updown event', change('child-updown')],
  ['log', { kind: 'line', types: () => eventFields('log') }],
  ['get-pools reply', answer('get-pools')],
  ['get-algorithms reply', answer('get-algorithms')],
  ['counters reply', answer('get-counters')],
  ['explain reply', answer('explain')],
  ['stats reply', answer('stats')],
  ['version reply', answer('version')],
]);

const UNKNOWN: Part = { kind: 'document', types: () => ({}) };

/**
 * `--json`: a listing is one document, an array of the messages that a client gets for it, or the one answer. What goes on until somebody
 * ends it has a document on each line.
 */
export class JsonOutput {
  #items = 0;
  readonly #types = new Map<Part, FieldTypes>();

  /** The text to print for a message. */
  text(label: string, tree: Tree): string {
    const part = PARTS.get(label) ?? UNKNOWN;
    switch (part.kind) {
      case 'item':
        return `${this.#items++ === 0 ? '[\n' : ',\n'}${this.#json(tree, part)}`;
      case 'end':
        return this.#items === 0 ? '[]\n' : '\n]\n';
      case 'line': {
        const json = this.#json(tree, part);
        return part.event === undefined
          ? `${json}\n`
          : `{"event":"${part.event}","data":${json}}\n`;
      }
      case 'document':
        return `${this.#json(tree, part)}\n`;
    }
  }

  #json(tree: Tree, part: Exclude<Part, { kind: 'end' }>): string {
    const types = this.#types.get(part) ?? part.types();
    this.#types.set(part, types);
    return jsonText(tree, types);
  }
}
