import type { Tree } from '../../config/tree.ts';
import { jsonText } from '../../vici/json-text.ts';
import {
  ANSWER_FIELDS,
  EVENT_FIELDS,
  type FieldTypes,
  OWN_ANSWER_FIELDS,
} from '../../vici/number-fields.ts';

/** What becomes of a message, known by the label under which it would be dumped. */
type Part =
  /** An element of the array that the listing is. */
  | { readonly kind: 'item'; readonly types: FieldTypes }
  /** The array is complete. */
  | { readonly kind: 'end' }
  /** A line of a stream; with a name if messages of several kinds come. */
  | { readonly kind: 'line'; readonly types: FieldTypes; readonly event?: string }
  /** The whole document. */
  | { readonly kind: 'document'; readonly types: FieldTypes };

const PARTS: ReadonlyMap<string, Part> = new Map<string, Part>([
  ['list-sa event', { kind: 'item', types: EVENT_FIELDS['list-sa'] }],
  ['list-policy event', { kind: 'item', types: EVENT_FIELDS['list-policy'] }],
  ['list-conn event', { kind: 'item', types: EVENT_FIELDS['list-conn'] }],
  ['list-cert event', { kind: 'item', types: EVENT_FIELDS['list-cert'] }],
  ['list-authorities event', { kind: 'item', types: EVENT_FIELDS['list-authority'] }],
  ['list-sas reply', { kind: 'end' }],
  ['list-policies reply', { kind: 'end' }],
  ['list-conns reply', { kind: 'end' }],
  ['list-certs reply', { kind: 'end' }],
  ['list-authorities reply', { kind: 'end' }],
  ...(['ike-updown', 'child-updown'] as const).map(
    (event) => [`${event} event`, { kind: 'line', types: EVENT_FIELDS[event], event }] as const,
  ),
  ['log', { kind: 'line', types: EVENT_FIELDS.log }],
  ['get-pools reply', { kind: 'document', types: ANSWER_FIELDS['get-pools'] }],
  ['get-algorithms reply', { kind: 'document', types: ANSWER_FIELDS['get-algorithms'] }],
  ['counters reply', { kind: 'document', types: ANSWER_FIELDS['get-counters'] }],
  ['explain reply', { kind: 'document', types: OWN_ANSWER_FIELDS.explain }],
  ['stats reply', { kind: 'document', types: ANSWER_FIELDS.stats }],
  ['version reply', { kind: 'document', types: ANSWER_FIELDS.version }],
]);

/**
 * `--json`: a listing is one document, an array of the messages that a client gets for it, or the one answer. What goes on until somebody
 * ends it has a document on each line.
 */
export class JsonOutput {
  #items = 0;

  /** The text to print for a message. */
  text(label: string, tree: Tree): string {
    const part = PARTS.get(label) ?? { kind: 'document', types: {} };
    switch (part.kind) {
      case 'item':
        return `${this.#items++ === 0 ? '[\n' : ',\n'}${jsonText(tree, part.types)}`;
      case 'end':
        return this.#items === 0 ? '[]\n' : '\n]\n';
      case 'line': {
        const json = jsonText(tree, part.types);
        return part.event === undefined
          ? `${json}\n`
          : `{"event":"${part.event}","data":${json}}\n`;
      }
      case 'document':
        return `${jsonText(tree, part.types)}\n`;
    }
  }
}
