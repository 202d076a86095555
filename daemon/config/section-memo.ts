import type { Crypto } from '../contracts/crypto.ts';
import type { SelectorConfig } from '../proto/traffic-selector-text.ts';
import { latin1 } from '../util/bytes.ts';
import { Recent } from '../util/recent.ts';
import type { ParsedRound } from './auth.ts';
import type { ChildConfig, ConnectionConfig } from './connection-types.ts';
import type { Tree, TreeEntry } from './tree.ts';

/** Texts remembered of each kind. */
const LIMIT = 128;
/** Longer ones are not worth remembering. */
const MAX_TEXT = 2048;
/** Selectors of lists that are remembered. */
const MAX_SELECTORS = 16;

/**
 * What was read lately, by the text it was read from. Thousands of connections differ in a few keys only: what the others say is read once, and
 * equal parts are one immutable value, which is also what makes comparing them cheap. Nothing that came with a warning is remembered.
 */
export class SectionMemo {
  static readonly #known = new WeakMap<Crypto, SectionMemo>();
  readonly #text = new SectionText();
  readonly connections = new Recent<ConnectionConfig>(LIMIT);
  readonly rounds = new Recent<ParsedRound>(LIMIT);
  readonly children = new Recent<ChildConfig>(LIMIT);
  readonly #localTs = new Recent<readonly SelectorConfig[]>(LIMIT);
  readonly #remoteTs = new Recent<readonly SelectorConfig[]>(LIMIT);

  /** The one for these algorithms: proposals depend on them. */
  static of(crypto: Crypto): SectionMemo {
    const known = SectionMemo.#known.get(crypto);
    if (known !== undefined) return known;
    const memo = new SectionMemo();
    SectionMemo.#known.set(crypto, memo);
    return memo;
  }

  /** What `read` makes of the selectors of a key, or what it made of the same before. */
  selectors(
    key: 'local_ts' | 'remote_ts',
    texts: readonly string[],
    read: () => readonly SelectorConfig[],
  ): readonly SelectorConfig[] {
    // No selectors must not be taken for an empty one, which is a mistake: joined they are the same.
    if (texts.length === 0 || texts.length > MAX_SELECTORS) return read();
    const text = texts.join('\n');
    const known = key === 'local_ts' ? this.#localTs : this.#remoteTs;
    const before = known.get(text);
    if (before !== undefined) return before;
    const list = read();
    known.set(text, list);
    return list;
  }

  /** Splits a section; sub-sections are in neither part. */
  split(tree: Tree, varies: ReadonlySet<string>): SplitSection {
    const varying: TreeEntry[] = [];
    this.#text.clear();
    for (const entry of tree) {
      if (varies.has(entry.name) && entry.kind !== 'section') varying.push(entry);
      else this.#text.add(entry);
    }
    return { varying, common: this.#text.text };
  }
}

/** A section as the keys that often differ, and the text of all others. */
interface SplitSection {
  /** In order, sub-sections left out. */
  readonly varying: Tree;
  /** Stands for the other keys, their order and values; `undefined` if it is too long to be remembered. */
  readonly common: string | undefined;
}

const VALUE = 1;
const LIST = 2;

/** Writes sections as text, with lengths, so that no two sections have one text. */
class SectionText {
  /** Used again and again: what is written is short, and read at once. */
  readonly #octets = new Uint8Array(MAX_TEXT);
  #length = 0;

  get text(): string | undefined {
    if (this.#length > MAX_TEXT) return undefined;
    return latin1(this.#octets.subarray(0, this.#length));
  }

  clear(): void {
    this.#length = 0;
  }

  add(entry: TreeEntry): void {
    if (entry.kind === 'section') return;
    this.#number(entry.kind === 'value' ? VALUE : LIST);
    this.#name(entry.name);
    if (entry.kind === 'value') {
      this.#value(entry.value);
      return;
    }
    this.#number(entry.items.length);
    for (const item of entry.items) this.#value(item);
  }

  // Beyond the end nothing is written, and the length tells.
  #number(value: number): void {
    this.#octets[this.#length++] = value >> 8;
    this.#octets[this.#length++] = value;
  }

  #name(name: string): void {
    this.#number(name.length);
    for (let i = 0; i < name.length; i++) this.#octets[this.#length++] = name.charCodeAt(i);
  }

  #value(value: Uint8Array): void {
    this.#number(value.length);
    const end = this.#length + value.length;
    for (let i = 0; end <= MAX_TEXT && i < value.length; i++)
      this.#octets[this.#length + i] = value[i] ?? 0;
    this.#length = end;
  }
}
