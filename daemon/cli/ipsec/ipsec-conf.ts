import { type ConfPosition, printPosition } from '../../config/conf-tree.ts';
import type { OperatorFiles } from '../../contracts/operator-files.ts';
import { didYouMean } from '../../util/did-you-mean.ts';
import { ConfigError, errorText } from '../../util/error.ts';
import { DEPRECATED, IKEV1_ONLY, KEYWORDS, type SectionKind } from './keywords.ts';

/** A value of ipsec.conf and where it stands. */
export interface IpsecValue {
  readonly text: string;
  readonly position: ConfPosition;
}

/** A section with what it inherits; values are by keyword, cleared ones left out. */
export interface IpsecSection {
  readonly name: string;
  readonly position: ConfPosition;
  readonly values: ReadonlyMap<string, IpsecValue>;
}

/** A whole ipsec.conf. */
export interface IpsecConf {
  readonly setup: IpsecSection;
  /** Without `%default`. */
  readonly conns: readonly IpsecSection[];
  readonly cas: readonly IpsecSection[];
  /** Sentences about keywords that are ignored, with their places. */
  readonly warnings: readonly string[];
}

/** Files that include each other deeper than this do so in a circle. */
const MAX_INCLUDES = 16;
/** Files of one configuration. */
const MAX_FILES = 65_536;
/** Sections that inherit each other in a row. */
const MAX_ALSO = 64;
const DEFAULT = '%default';

interface Draft {
  readonly kind: SectionKind;
  readonly name: string;
  readonly position: ConfPosition;
  readonly values: Map<string, IpsecValue>;
  readonly also: IpsecValue[];
}

/**
 * Reads ipsec.conf with what it includes, as ipsec.conf(5) says. Throws `ConfigError` for the first fault: `file:line:column`, what was
 * found and what is allowed there.
 */
export function readIpsecConf(path: string, files: OperatorFiles): IpsecConf {
  const reader = new Reader(files);
  reader.file(path, []);
  return reader.finish(path);
}

class Reader {
  readonly #files: OperatorFiles;
  readonly #drafts = new Map<string, Draft>();
  readonly #warnings: string[] = [];
  /** Values of sections with what they inherit; `undefined` while they are being found. */
  readonly #merged = new Map<Draft, ReadonlyMap<string, IpsecValue> | undefined>();
  #current: Draft | undefined;
  #read = 0;

  constructor(files: OperatorFiles) {
    this.#files = files;
  }

  file(path: string, chain: readonly string[], from?: ConfPosition): void {
    const place = from ?? { file: path, line: 1, column: 1 };
    if (chain.includes(path)) {
      fail(place, `'${path}' is included by itself: ${[...chain, path].join(' → ')}`);
    }
    if (chain.length >= MAX_INCLUDES) {
      fail(place, `'${path}' is included more than ${MAX_INCLUDES} levels deep`);
    }
    if (++this.#read > MAX_FILES) fail(place, `more than ${MAX_FILES} files are included`);
    let text: string;
    try {
      text = this.#files.readText(path);
    } catch (error) {
      fail(place, `cannot read '${path}': ${errorText(error)}`);
    }
    for (const { line, number } of logicalLines(text)) {
      const column = line.search(/\S/) + 1;
      if (column === 0 || line[column - 1] === '#') continue;
      const position = { file: path, line: number, column };
      const foreign = stripComment(line).search(/[\0\ufffd]/) + 1;
      if (foreign > 0) {
        const found = line[foreign - 1] === '\0' ? 'NUL' : 'octets that are no UTF-8';
        fail({ ...position, column: foreign }, `found ${found}, allowed is UTF-8 text`);
      }
      if (column === 1) this.#heading(line, position, [...chain, path]);
      else this.#assignment(line.trim(), position);
    }
  }

  finish(path: string): IpsecConf {
    const start = { file: path, line: 1, column: 1 };
    const setup = this.#drafts.get(key('config', 'setup'));
    const all = [...this.#drafts.values()].filter(({ name }) => name !== DEFAULT);
    const resolved = (kind: SectionKind): IpsecSection[] =>
      all.filter((draft) => draft.kind === kind).map((draft) => this.#resolve(draft));
    return {
      setup: setup === undefined ? { name: 'setup', position: start, values: new Map() } : setup,
      conns: resolved('conn'),
      cas: resolved('ca'),
      warnings: this.#warnings,
    };
  }

  #heading(line: string, position: ConfPosition, chain: readonly string[]): void {
    const [word = '', name, ...rest] = stripComment(line).trim().split(/\s+/);
    if (word === 'include') {
      const paths = this.#files.glob(unquoted(name ?? ''), position.file);
      for (const path of paths) this.file(path, chain, position);
      this.#current = undefined;
      return;
    }
    // The version line of older files.
    if (word === 'version') return;
    if (word !== 'config' && word !== 'conn' && word !== 'ca') {
      fail(
        position,
        `found '${shown(word)}', expected config setup, conn, ca or include in the first column`,
      );
    }
    if (name === undefined || rest.length > 0) fail(position, `'${word}' needs one name`);
    if (word === 'config' && name !== 'setup') {
      fail(position, `found 'config ${shown(name)}', expected config setup`);
    }
    const known = this.#drafts.get(key(word, name));
    this.#current = known ?? { kind: word, name, position, values: new Map(), also: [] };
    this.#drafts.set(key(word, name), this.#current);
  }

  #assignment(line: string, position: ConfPosition): void {
    const section = this.#current;
    if (section === undefined) fail(position, 'a setting outside of any section');
    const equals = line.indexOf('=');
    if (equals < 1) fail(position, `found '${shown(line)}', expected keyword=value`);
    const keyword = line.slice(0, equals).trim();
    const value = { text: readValue(line.slice(equals + 1), position), position };
    if (keyword === 'also') {
      section.also.push(value);
      return;
    }
    const name = KEYWORDS[section.kind].get(keyword);
    if (name === undefined) this.#unknown(section.kind, keyword, value);
    else section.values.set(name, value);
  }

  #unknown(kind: SectionKind, keyword: string, { text, position }: IpsecValue): void {
    const harmless = text === '' || text.toLowerCase() === IKEV1_ONLY.get(keyword);
    if (DEPRECATED.has(keyword) || (IKEV1_ONLY.has(keyword) && harmless)) {
      this.#warnings.push(
        `${printPosition(position)}: '${keyword}' is deprecated and has no effect`,
      );
      return;
    }
    if (IKEV1_ONLY.has(keyword)) {
      fail(
        position,
        `'${keyword}' belongs to IKEv1, which this daemon does not speak: leave it out`,
      );
    }
    const guess = didYouMean(keyword, KEYWORDS[kind].keys());
    fail(
      position,
      `unknown keyword '${shown(keyword)}' in a ${kind} section${guess === undefined ? '' : `, did you mean '${guess}'?`}`,
    );
  }

  /** Own values win over inherited ones, those over the defaults; an empty value is the built-in default again. */
  #resolve(draft: Draft): IpsecSection {
    const values = new Map(this.#drafts.get(key(draft.kind, DEFAULT))?.values);
    for (const [name, value] of this.#withInherited(draft, 0)) values.set(name, value);
    for (const [name, value] of values) if (value.text === '') values.delete(name);
    return { name: draft.name, position: draft.position, values };
  }

  /** Own values, and before them those of the sections it names, each found once however often it is named. */
  #withInherited(draft: Draft, depth: number): ReadonlyMap<string, IpsecValue> {
    const known = this.#merged.get(draft);
    if (known !== undefined) return known;
    this.#merged.set(draft, undefined);
    const values = new Map<string, IpsecValue>();
    for (const { text, position } of draft.also) {
      const other = this.#drafts.get(key(draft.kind, text));
      const named = `also=${shown(text)}`;
      if (other === undefined) fail(position, `${named}: there is no ${draft.kind} ${shown(text)}`);
      if (this.#merged.has(other) && this.#merged.get(other) === undefined)
        fail(position, `${named}: sections inherit each other in a circle`);
      if (depth >= MAX_ALSO)
        fail(position, `${named}: more than ${MAX_ALSO} sections inherit each other in a row`);
      for (const [name, value] of this.#withInherited(other, depth + 1)) values.set(name, value);
    }
    for (const [name, value] of draft.values) values.set(name, value);
    this.#merged.set(draft, values);
    return values;
  }
}

function key(kind: string, name: string): string {
  return `${kind} ${name}`;
}

/** Lines; one that ends with a backslash within quotes goes on in the next. */
function logicalLines(text: string): { readonly line: string; readonly number: number }[] {
  const lines: { line: string; number: number }[] = [];
  let open: { line: string; number: number } | undefined;
  text.split('\n').forEach((raw, i) => {
    const line = raw.replace(/\r$/, '');
    const whole: string = open === undefined ? line : open.line + line;
    const number = open?.number ?? i + 1;
    const quotes = whole.match(/(?<!\\)"/g)?.length ?? 0;
    if (quotes % 2 === 1 && whole.endsWith('\\')) open = { line: whole.slice(0, -1), number };
    else {
      lines.push({ line: whole, number });
      open = undefined;
    }
  });
  if (open !== undefined) lines.push(open);
  return lines;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

function readValue(text: string, position: ConfPosition): string {
  const trimmed = text.trim();
  if (!trimmed.startsWith('"')) return stripComment(trimmed).trim();
  const quoted = /^"((?:[^"\\]|\\[\s\S])*)"\s*(#.*)?$/.exec(trimmed);
  if (quoted === null)
    fail(position, 'a quoted value without its closing quote, or text behind it');
  return (quoted[1] ?? '').replaceAll(/\\([\s\S])/g, (_, char: string) => ESCAPES[char] ?? char);
}

function stripComment(text: string): string {
  return text.replace(/(^|\s)#.*$/, '');
}

/** As much of a text as a message may have, without what a terminal obeys. */
function shown(text: string): string {
  const cut = text.length > 64 ? `${text.slice(0, 64)}…` : text;
  return cut.replaceAll(/[\p{Cc}\p{Cf}]/gu, '?');
}

function unquoted(text: string): string {
  return text.replace(/^"(.*)"$/, '$1');
}

function fail(position: ConfPosition, message: string): never {
  const where = printPosition(position);
  throw new ConfigError(where, `${where}: ${message}`);
}
