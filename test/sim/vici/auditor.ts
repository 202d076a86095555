import type { Tree, TreeEntry } from '../../../daemon/config/tree.ts';
import { nameMatch } from './field-names.ts';
import { formatMistake } from './formats.ts';
import { exactlyOne, neverNothing, presenceOf } from './presence.ts';
import {
  type DescribedField,
  type DescribedFields,
  errorItem,
  type Reference,
  tableOf,
} from './reference.ts';

/** Compares what a daemon says with the reference of the protocol, and remembers what of it has been seen. */
export class Auditor {
  /** Items by the names of `itemsOf`. */
  readonly exercised = new Set<string>();
  /** Keys of the tables that several messages share. */
  readonly #ofTables = new Set<string>();
  /** Each difference once, with how often it was found. */
  readonly #wrong = new Map<string, number>();
  readonly #reference: Reference;

  constructor(reference: Reference) {
    this.#reference = reference;
  }

  get wrong(): readonly string[] {
    return [...this.#wrong.keys()];
  }

  /** A request that was sent. */
  request(name: string, input: Tree): void {
    const command = this.#reference.commands.find((one) => one.name === name);
    if (command === undefined) return;
    this.exercised.add(`command ${name}`);
    const walk = (inputs: object, tree: Tree, path: string): void => {
      for (const [key, { fields }] of Object.entries(inputs)) {
        const match = key.includes('|')
          ? (n: string) => key.split('|').includes(n)
          : key === '<attribute number>'
            ? (n: string) => /^\d+$/.test(n)
            : nameMatch(key).matches;
        for (const entry of tree.filter((one) => match(one.name))) {
          this.exercised.add(`${path} ${key}`);
          if (entry.kind === 'section') walk(fields ?? {}, entry.entries, `${path} ${key} <`);
        }
      }
    };
    walk(command.inputs, input, `${name} <`);
  }

  /** Its answer. */
  answer(name: string, tree: Tree): void {
    const command = this.#reference.commands.find((one) => one.name === name);
    if (command === undefined) return;
    const refusal = tree.find((entry) => entry.name === 'errmsg');
    const failed = tree.some((entry) => entry.name === 'success' && printed(entry) === 'no');
    if (failed && !command.has_success_key && refusal !== undefined) return;
    this.#section(command.outputs, tree, `${name} >`);
    if (refusal !== undefined) this.#refused(name, command.error_messages, printed(refusal));
  }

  /** An event. */
  event(name: string, tree: Tree): void {
    const event = this.#reference.events.find((one) => one.name === name);
    if (event === undefined) return;
    this.exercised.add(`event ${name}`);
    this.#section(event.outputs, tree, `${name} >`);
  }

  /** Items nobody exercised; keys of a shared table count for every message in which that table was. */
  missing(items: readonly string[]): readonly string[] {
    return items.filter((item) => !this.exercised.has(item) && !this.#throughTable(item));
  }

  /** How many of the items were seen only through a table. */
  throughTables(items: readonly string[]): number {
    return items.filter((item) => !this.exercised.has(item) && this.#throughTable(item)).length;
  }

  #throughTable(item: string): boolean {
    const end = item.lastIndexOf(' > ');
    const [path, key] = [item.slice(0, end), item.slice(end + 3)];
    // The section itself must have been there, which its first key shows.
    const sibling = [...TABLES].find(([, first]) => this.exercised.has(`${path} > ${first}`));
    return sibling !== undefined && this.#ofTables.has(`${sibling[0]} > ${key}`);
  }

  #refused(command: string, texts: readonly string[], errmsg: string): void {
    const known = texts.filter((text) => templateOf(text).test(errmsg));
    for (const text of known) this.exercised.add(errorItem(command, text));
  }

  #section(described: DescribedFields, tree: Tree, path: string): void {
    const keys = Object.entries(described);
    const counts = new Map<string, number>();
    let last = 0;
    for (const entry of tree) {
      const place = this.#placeOf(keys, entry);
      const found = keys[place];
      if (found === undefined) {
        this.#complain(`${path} ${entry.name} is not described`);
        continue;
      }
      const [key, field] = found;
      if (place < last) this.#complain(`${path} ${key} comes after ${keys[last]?.[0]}`);
      last = Math.max(last, place);
      counts.set(key, (counts.get(key) ?? 0) + 1);
      this.#entry(key, field, entry, tree, described, path);
    }
    for (const [key, { present }] of keys) {
      const count = counts.get(key) ?? 0;
      const presence = presenceOf(present, tree);
      if (presence === 'must' && count === 0) this.#complain(`${path} ${key} is missing`);
      if (presence === 'must not' && count > 0) this.#complain(`${path} ${key}: ${present}`);
      const repeats = nameMatch(key).repeats && !exactlyOne(present);
      if (count > 1 && !repeats) this.#complain(`${path} ${key} is there ${count} times`);
    }
  }

  // A key by its own name before one by a placeholder.
  #placeOf(keys: readonly (readonly [string, DescribedField])[], entry: TreeEntry): number {
    const exact = keys.findIndex(([key]) => key === entry.name);
    if (exact >= 0) return exact;
    return keys.findIndex(([key]) => nameMatch(key).matches(entry.name));
  }

  #entry(
    key: string,
    field: DescribedField,
    entry: TreeEntry,
    siblings: Tree,
    described: DescribedFields,
    path: string,
  ): void {
    this.exercised.add(`${path} ${key}`);
    const table = tableOf(described);
    if (table !== undefined) this.#ofTables.add(`${table} > ${key}`);
    const mistake = formatMistake(entry, field);
    if (mistake !== undefined) this.#complain(`${path} ${key} ${mistake}`);
    if (neverNothing(field.present) && isNothing(entry)) {
      this.#complain(`${path} ${key} holds nothing: ${field.present}`);
    }
    if (entry.kind !== 'section') return;
    if (key === '<index from 0>') {
      const place = siblings.filter((one) => one.kind === 'section').indexOf(entry);
      if (entry.name !== String(place)) this.#complain(`${path} ${key} is ${entry.name}`);
    }
    this.#section(field.fields ?? {}, entry.entries, `${path} ${key} >`);
  }

  #complain(what: string): void {
    this.#wrong.set(what, (this.#wrong.get(what) ?? 0) + 1);
  }
}

/** Shared tables, and a key that is always in them. */
const TABLES: ReadonlyMap<string, string> = new Map([
  ['IKE_SA fields', 'initiator-spi'],
  ['CHILD_SA fields', 'reqid'],
]);

function isNothing(entry: TreeEntry): boolean {
  if (entry.kind === 'list') return entry.items.length === 0;
  return entry.kind === 'value' && /^0*$/.test(printed(entry));
}

function printed(entry: TreeEntry): string {
  return entry.kind === 'value' ? new TextDecoder().decode(entry.value) : '';
}

/** An error text with its placeholders; ours may go on after it with what is allowed or why. */
function templateOf(text: string): RegExp {
  const literal = text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/<[^>]+>/g, '.+?');
  return new RegExp(`^${literal}(: .*| \\(.*|$)`, 's');
}
