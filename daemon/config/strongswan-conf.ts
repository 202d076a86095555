import type { Files } from '../contracts/files.ts';
import { ConfigError, errorText } from '../util/error.ts';
import { ConfCursor } from './conf-cursor.ts';
import {
  ConfNode,
  type ConfPosition,
  type ConfSection,
  type ConfValue,
  newSection,
  printPosition,
} from './conf-tree.ts';

/** Files that include each other deeper than this are a mistake. */
const MAX_INCLUDES = 16;
/** Files of one configuration: some have one for each of thousands of connections. */
const MAX_FILES = 65_536;
/** Braces deeper than this are a mistake. */
const MAX_SECTIONS = 64;

/** Hears of what is allowed and may be a mistake all the same. Sections are given by their names, outermost first. */
export interface ConfWatch {
  /** A file is read. */
  file(path: string): void;
  /** An include found no file. */
  nothingIncluded(pattern: string, position: ConfPosition): void;
  /** A key is set again: what was set before is lost. */
  replaced(
    key: string,
    before: ConfValue,
    position: ConfPosition,
    section: readonly string[],
  ): void;
  /** A section is opened again: it goes on where it ended. */
  reopened(before: ConfSection, position: ConfPosition, section: readonly string[]): void;
}

/**
 * Parses a file in the syntax shared by strongswan.conf and swanctl.conf, with everything it includes. Throws
 * `ConfigError` that begins with `file:line:column` and says what was found and what is allowed there.
 */
export function parseConfFile(path: string, files: Files, watch?: ConfWatch): ConfSection {
  const start = { file: path, line: 1, column: 1 };
  const root = newSection(start);
  includeFile(path, start, { ...newContext(files, watch), chain: [] }, root);
  return root;
}

/** Parses a text; `file` names it in errors and is what includes are relative to. */
export function parseConfText(
  text: string,
  file: string,
  files: Files,
  watch?: ConfWatch,
): ConfSection {
  const cursor = new ConfCursor(file, text);
  const root = newSection(cursor.position);
  statements(cursor, { ...newContext(files, watch), chain: [file] }, root);
  return root;
}

/** The parsed file as a tree whose references are resolved on reading. */
export function readConfFile(path: string, files: Files): ConfNode {
  return ConfNode.of(parseConfFile(path, files));
}

interface Context {
  readonly files: Files;
  readonly watch: ConfWatch | undefined;
  /** Files that were read in all. */
  readonly read: { count: number };
  /** The files being read, outermost first. */
  readonly chain: readonly string[];
  /** Braces that are open in this file. */
  readonly depth: number;
  /** Names of the sections around the cursor, over all files. */
  readonly path: readonly string[];
}

function newContext(files: Files, watch: ConfWatch | undefined): Context {
  return { files, watch, read: { count: 0 }, chain: [], depth: 0, path: [] };
}

function includeFile(path: string, from: ConfPosition, cx: Context, target: ConfSection): void {
  if (cx.chain.includes(path)) {
    failAt(from, `'${path}' is included by itself: ${[...cx.chain, path].join(' → ')}`);
  }
  if (cx.chain.length >= MAX_INCLUDES) {
    failAt(from, `'${path}' is included more than ${MAX_INCLUDES} levels deep`);
  }
  if (++cx.read.count > MAX_FILES) failAt(from, `more than ${MAX_FILES} files are included`);
  cx.watch?.file(path);
  statements(
    new ConfCursor(path, readText(path, from, cx.files)),
    { ...cx, chain: [...cx.chain, path], depth: 0 },
    target,
  );
}

function readText(path: string, from: ConfPosition, files: Files): string {
  try {
    return files.readText(path);
  } catch (error) {
    return failAt(from, `cannot read '${path}': ${errorText(error)}`);
  }
}

function failAt(position: ConfPosition, message: string): never {
  const where = printPosition(position);
  throw new ConfigError(where, `${where}: ${message}`);
}

/** Statements up to the closing brace (not taken) or, at the top of a file, its end. */
function statements(cursor: ConfCursor, cx: Context, section: ConfSection): void {
  for (;;) {
    cursor.skipSpace();
    if (cursor.atEnd) return;
    if (cursor.char === '}') {
      if (cx.depth > 0) return;
      cursor.fail("found '}', but no section is open here");
    }
    statement(cursor, cx, section);
  }
}

function statement(cursor: ConfCursor, cx: Context, section: ConfSection): void {
  const position = cursor.position;
  const name = takeName(cursor, 'the name of a section or key');
  cursor.skipBlanks();
  if (cursor.char === '=') {
    cursor.advance();
    const before = section.values.get(name);
    if (before !== undefined) cx.watch?.replaced(name, before, position, cx.path);
    section.values.set(name, { text: takeValue(cursor), position });
    return;
  }
  if (name === 'include' && isPatternStart(cursor)) {
    const pattern = takePattern(cursor);
    const found = cx.files.glob(pattern, cursor.file);
    if (found.length === 0) cx.watch?.nothingIncluded(pattern, position);
    for (const path of found) includeFile(path, position, cx, section);
    return;
  }
  openSection(cursor, cx, section, name, position);
}

function openSection(
  cursor: ConfCursor,
  cx: Context,
  parent: ConfSection,
  name: string,
  position: ConfPosition,
): void {
  const path = [...cx.path, name];
  let section = parent.sections.get(name);
  if (section === undefined) {
    section = newSection(position);
    parent.sections.set(name, section);
  } else cx.watch?.reopened(section, position, path);
  cursor.skipSpace();
  if (cursor.char === ':') takeReferences(cursor, section);
  cursor.skipSpace();
  if (cursor.char !== '{') {
    cursor.fail(
      `found ${cursor.found()} after '${name}', allowed are '= value', '{' and ': section {'`,
    );
  }
  if (cx.depth >= MAX_SECTIONS) {
    cursor.fail(`sections are nested deeper than ${MAX_SECTIONS}, is a '}' missing?`);
  }
  cursor.advance();
  statements(cursor, { ...cx, depth: cx.depth + 1, path }, section);
  cursor.skipSpace();
  if (cursor.atEnd) {
    cursor.fail(
      `found the end of the file, but section '${name}' opened in line ${position.line} lacks its '}'`,
    );
  }
  cursor.advance();
}

function takeReferences(cursor: ConfCursor, section: ConfSection): void {
  do {
    cursor.advance();
    cursor.skipSpace();
    const position = cursor.position;
    const path = [takeName(cursor, 'the absolute name of a section')];
    while (cursor.char === '.') {
      cursor.advance();
      path.push(takeName(cursor, 'the rest of a section name'));
    }
    section.references.push({ path, position });
    cursor.skipSpace();
  } while (cursor.char === ',');
}

const NOT_IN_NAMES = '.,:{}="#';

function takeName(cursor: ConfCursor, expected: string): string {
  const name = cursor.takeWhile(
    (char) => char > ' ' && char !== '\u007f' && !NOT_IN_NAMES.includes(char) && !isForeign(char),
  );
  if (name === '') cursor.fail(`found ${cursor.found()}, allowed is ${expected}`);
  return name;
}

/** Parts of a value up to the end of the line, a comment or the closing brace, joined by one blank. */
function takeValue(cursor: ConfCursor): string {
  const parts: string[] = [];
  for (;;) {
    cursor.skipBlanks();
    if (cursor.atEnd || cursor.char === '\n' || cursor.char === '#' || cursor.char === '}') break;
    parts.push(cursor.char === '"' ? takeQuoted(cursor) : takeBare(cursor));
  }
  return parts.join(' ');
}

function takeBare(cursor: ConfCursor): string {
  const part = cursor.takeWhile((char) => !' \t\r\n"#}'.includes(char) && !isForeign(char));
  if (isForeign(cursor.char)) failForeign(cursor);
  return part;
}

/** NUL, or what stands for octets that are no UTF-8: a text that is taken for something else than it is. */
function isForeign(char: string): boolean {
  return char === '\0' || char === '\ufffd';
}

function failForeign(cursor: ConfCursor): never {
  cursor.fail(`found ${cursor.found()}, allowed is UTF-8 text without NUL`);
}

function takeQuoted(cursor: ConfCursor): string {
  const start = cursor.position;
  let text = '';
  cursor.advance();
  while (cursor.char !== '"') {
    if (cursor.atEnd) cursor.fail('found the end of the file inside a quoted text', start);
    if (isForeign(cursor.char)) failForeign(cursor);
    if (cursor.char === '\\') {
      cursor.advance();
      if (isForeign(cursor.char)) failForeign(cursor);
      text += escaped(cursor.char);
    } else if (cursor.char !== '\r') {
      text += cursor.char;
    }
    cursor.advance();
  }
  cursor.advance();
  return text;
}

function escaped(char: string): string {
  switch (char) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case '\n':
      return '';
    default:
      return char;
  }
}

function isPatternStart(cursor: ConfCursor): boolean {
  return !cursor.atEnd && !'\n#={}:'.includes(cursor.char);
}

/** The pattern of an include: blanks, `#`, `}` and `"` need a backslash or quotes. */
function takePattern(cursor: ConfCursor): string {
  if (cursor.char === '"') return takeQuoted(cursor);
  let pattern = '';
  while (!cursor.atEnd && !' \t\r\n#}"'.includes(cursor.char)) {
    if (cursor.char === '\\') cursor.advance();
    pattern += cursor.char;
    cursor.advance();
  }
  return pattern;
}
