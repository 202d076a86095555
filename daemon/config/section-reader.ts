import type { Identity } from '../proto/identity.ts';
import { parseIdentity } from '../proto/identity-text.ts';
import { latin1 } from '../util/bytes.ts';
import { didYouMean } from '../util/did-you-mean.ts';
import { ConfigError, errorText } from '../util/error.ts';
import { parseTime, parseUint32 } from './durations-text.ts';
import { KEY_STATUS, type KeyStatus, type SectionLevel } from './feature-status.ts';
import { parseBoolWord } from './option-kinds.ts';
import type { Tree } from './tree.ts';

/** Takes a sentence about what is read and not obeyed; `at` is where: the sections inward, then the key. */
export type Warn = (sentence: string, at: readonly string[]) => void;

/** Keys that are warned about or refused where they ask for something. */
const NOT_IN_EFFECT = {
  connection: notInEffect('connection'),
  local: notInEffect('local'),
  remote: notInEffect('remote'),
  child: notInEffect('child'),
};

function notInEffect(level: SectionLevel): readonly (readonly [string, KeyStatus])[] {
  return [...KEY_STATUS[level]].filter(([, { effect }]) => effect !== 'yes');
}

const BOOL_WORDS = ['yes', 'no', 'true', 'false'];

/** Lists of blobs, which are not text. */
const BLOBS = new Set(['certs', 'cacerts', 'pubkeys']);

/**
 * One section of a connection: its keys are known, of the right form and obeyed when it is constructed, and give typed
 * values when asked. Errors are `ConfigError`s that begin with charon's sentence.
 */
export class SectionReader {
  readonly #values = new Map<string, string>();
  readonly #lists = new Map<string, Uint8Array[]>();
  /** Sub-sections in order. */
  readonly sections: readonly { readonly name: string; readonly entries: Tree }[];

  /** `warn` receives a sentence for every key that is not yet in effect. */
  constructor(level: SectionLevel, tree: Tree, warn: Warn) {
    const known = KEY_STATUS[level];
    for (const entry of tree) {
      if (entry.kind === 'section') continue;
      const status = known.get(entry.name);
      if (status === undefined || (entry.kind === 'list' && status.form === 'value')) {
        throw unknownOption(entry.name, status, known);
      }
      if (entry.kind === 'list') this.#append(entry.name, entry.items);
      else if (status.form === 'list') this.#append(entry.name, splitItems(entry));
      else this.#values.set(entry.name, printableText(entry.name, entry.value));
    }
    this.sections = tree.flatMap((entry) => (entry.kind === 'section' ? [entry] : []));
    for (const [key, status] of NOT_IN_EFFECT[level]) this.#checkEffect(key, status, warn);
  }

  has(key: string): boolean {
    return this.#values.has(key) || this.#lists.has(key);
  }

  /** The text of a key, `undefined` if absent or empty. */
  text(key: string): string | undefined {
    const text = this.#values.get(key);
    return text === '' ? undefined : text;
  }

  /** The items of a list as text; `undefined` if absent. */
  texts(key: string): readonly string[] | undefined {
    return this.#lists.get(key)?.map((item) => printableText(key, item));
  }

  blobs(key: string): readonly Uint8Array[] {
    return this.#lists.get(key) ?? [];
  }

  bool(key: string, fallback: boolean): boolean {
    return this.parsed(key, fallback, parseBoolWord, 'yes or no', BOOL_WORDS);
  }

  uint32(key: string, fallback: number): number {
    return this.parsed(key, fallback, parseUint32, 'a whole number of 32 bits');
  }

  /** Seconds. */
  time(key: string): number | undefined {
    return this.parsed(
      key,
      undefined,
      parseTime,
      'a whole number, optionally with unit s, m, h or d',
    );
  }

  /** One of a few words, in any case. */
  choice<const W extends string>(key: string, fallback: W, words: readonly W[]): W {
    if (!this.#values.has(key)) return fallback;
    const find = (text: string): W | undefined => words.find((word) => word === text.toLowerCase());
    return this.parsed(key, fallback, find, words.join(', '), words);
  }

  /** An identity; regular expressions are allowed. */
  identity(key: string): Identity | undefined {
    const text = this.#values.get(key);
    return text === undefined ? undefined : this.#identity(key, text);
  }

  identities(key: string): readonly Identity[] {
    return (this.texts(key) ?? []).map((text) => this.#identity(key, text));
  }

  /** What `parse` makes of the text; the fallback if the key is absent. `words` are those that may have been meant. */
  parsed<T, F>(
    key: string,
    fallback: F,
    parse: (text: string) => T | undefined,
    allowed: string,
    words: readonly string[] = [],
  ): T | F {
    const text = this.#values.get(key);
    if (text === undefined) return fallback;
    const value = parse(text);
    if (value === undefined) {
      const similar = didYouMean(text, words);
      const hint = similar === undefined ? '' : `; did you mean '${similar}'?`;
      throw invalidValue(key, `'${text}' is none of: ${allowed}${hint}`);
    }
    return value;
  }

  /** Each item of a list as `parse` makes of it; what it throws becomes the explanation. */
  mapped<T>(key: string, fallback: readonly string[], parse: (text: string) => T): readonly T[] {
    const items = this.texts(key) ?? fallback;
    try {
      return items.map(parse);
    } catch (error) {
      throw invalidValue(key, errorText(error), error);
    }
  }

  #identity(key: string, text: string): Identity {
    try {
      return parseIdentity(text, { allowRegex: true, path: key });
    } catch (error) {
      throw invalidValue(key, errorText(error), error);
    }
  }

  #append(key: string, items: readonly Uint8Array[]): void {
    const list = this.#lists.get(key);
    if (list === undefined) this.#lists.set(key, [...items]);
    else list.push(...items);
  }

  #checkEffect(key: string, status: KeyStatus, warn: Warn): void {
    if (status.effect === 'yes' || !this.#asksFor(key, status)) return;
    const shown = this.#values.has(key) ? `${key} = ${this.#values.get(key)}` : key;
    if (status.effect === 'warned') {
      warn(`'${shown}' is not yet in effect: ${status.reason}`, [key]);
      return;
    }
    throw invalidValue(
      key,
      `'${shown}' is not yet in effect (${status.reason}), and a connection that ignored it would allow more than you wrote`,
    );
  }

  #asksFor(key: string, status: KeyStatus): boolean {
    const text = this.#values.get(key);
    if (text !== undefined) return text !== '' && !status.harmless.includes(text.toLowerCase());
    return (this.#lists.get(key)?.length ?? 0) > 0;
  }
}

/** `invalid value for: <key>, config discarded` and why. */
export function invalidValue(key: string, why: string, cause?: unknown): ConfigError {
  return new ConfigError(key, `invalid value for: ${key}, config discarded: ${why}`, { cause });
}

/** `invalid section: <name>` and what is allowed. */
export function invalidSection(name: string, why: string): ConfigError {
  return new ConfigError(name, `invalid section: ${name}: ${why}`);
}

function unknownOption(
  name: string,
  status: KeyStatus | undefined,
  known: ReadonlyMap<string, KeyStatus>,
): ConfigError {
  const similar = didYouMean(name, known.keys());
  const hint = similar === undefined ? '' : `: did you mean '${similar}'?`;
  const why = status === undefined ? hint : ': a single value is expected, not a list';
  return new ConfigError(name, `unknown option: ${name}, config discarded${why}`);
}

/** A key/value given for a list: its comma-separated parts, blobs whole. */
function splitItems(entry: { readonly name: string; readonly value: Uint8Array }): Uint8Array[] {
  if (BLOBS.has(entry.name)) return [entry.value];
  return splitList(latin1(entry.value)).map((item) =>
    Uint8Array.from(item, (char) => char.charCodeAt(0)),
  );
}

/** The items of a list that is written as one text. */
export function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function printableText(key: string, octets: Uint8Array): string {
  for (const octet of octets) {
    if (octet < 0x20 || octet > 0x7e) {
      throw invalidValue(key, 'only printable ASCII characters are allowed');
    }
  }
  return latin1(octets);
}
