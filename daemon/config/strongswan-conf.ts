import type { Files } from '../contracts/files.ts';
import { ConfigError, errorText } from '../util/error.ts';
import { ConfCursor } from './conf-cursor.ts';
import {
  ConfNode,
  type ConfPosition,
  type ConfSection,
  newSection,
  printPosition,
} from './conf-tree.ts';

/** Files that include each other deeper than this do so in a circle. */
const MAX_INCLUDES = 16;
/** Braces deeper than this are a mistake. */
const MAX_SECTIONS = 64;

/**
 * Parses a file in the syntax shared by strongswan.conf and swanctl.conf, with everything it includes. Throws
 * `ConfigError` that begins with `file:line:column` and says what was found and what is allowed there.
 */
export function parseConfFile(path: string, files: Files): ConfSection {
  const start = { file: path, line: 1, column: 1 };
  const root = newSection(start);
  includeFile(path, start, { files, chain: [], depth: 0 }, root);
  return root;
}

/** Parses a text; `file` names it in errors and is what includes are relative to. */
export function parseConfText(text: string, file: string, files: Files): ConfSection {
  const cursor = new ConfCursor(file, text);
  const root = newSection(cursor.position);
  statements(cursor, { files, chain: [file], depth: 0 }, root);
  return root;
}

/** The parsed file as a tree whose references are resolved on reading. */
export function readConfFile(path: string, files: Files): ConfNode {
  return ConfNode.of(parseConfFile(path, files));
}

interface Context {
  readonly files: Files;
  /** The files being read, outermost first. */
  readonly chain: readonly string[];
  readonly depth: number;
}

function includeFile(path: string, from: ConfPosition, cx: Context, target: ConfSection): void {
  if (cx.chain.length >= MAX_INCLUDES) {
    failAt(
      from,
      `'${path}' is included more than ${MAX_INCLUDES} levels deep: do files include each other?`,
    );
  }
  statements(
    new ConfCursor(path, readText(path, from, cx.files)),
    { files: cx.files, chain: [...cx.chain, path], depth: 0 },
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
    section.values.set(name, { text: takeValue(cursor), position });
    return;
  }
  if (name === 'include' && isPatternStart(cursor)) {
    const pattern = takePattern(cursor);
    for (const path of cx.files.glob(pattern, cursor.file)) {
      includeFile(path, position, cx, section);
    }
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
  let section = parent.sections.get(name);
  if (section === undefined) {
    section = newSection(position);
    parent.sections.set(name, section);
  }
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
  statements(cursor, { ...cx, depth: cx.depth + 1 }, section);
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
    (char) => char > ' ' && char !== '\u007f' && !NOT_IN_NAMES.includes(char),
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
    parts.push(
      cursor.char === '"'
        ? takeQuoted(cursor)
        : cursor.takeWhile((char) => !' \t\r\n"#}'.includes(char)),
    );
  }
  return parts.join(' ');
}

function takeQuoted(cursor: ConfCursor): string {
  const start = cursor.position;
  let text = '';
  cursor.advance();
  while (cursor.char !== '"') {
    if (cursor.atEnd) cursor.fail('found the end of the file inside a quoted text', start);
    if (cursor.char === '\\') {
      cursor.advance();
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
