import {
  type ConfNode,
  type ConfPosition,
  placedError,
  printPosition,
} from '../../config/conf-tree.ts';
import { list, section, type Tree, type TreeEntry, value } from '../../config/tree.ts';
import type { OperatorFiles } from '../../contracts/operator-files.ts';
import { utf8 } from '../../util/bytes.ts';
import { ConfigError } from '../../util/error.ts';
import { fromHex } from '../../util/hex.ts';
import { MAX_NAME, MAX_VALUE } from '../../vici/element.ts';
import { messageLength } from '../../vici/message.ts';
import { MAX_PACKET } from '../../vici/packet.ts';
import { reasonOf } from './folder-files.ts';

/** Keys that are split at commas and sent as lists. */
const LISTS: ReadonlySet<string> = new Set([
  'local_addrs',
  'remote_addrs',
  'proposals',
  'esp_proposals',
  'ah_proposals',
  'local_ts',
  'remote_ts',
  'vips',
  'pools',
  'groups',
  'cert_policy',
]);

/** Keys whose items are files to send, and the folder they are in. */
const FILE_LISTS: ReadonlyMap<string, string> = new Map([
  ['certs', 'x509'],
  ['cacerts', 'x509ca'],
  ['pubkeys', 'pubkey'],
]);

/** Something of the configuration that cannot be sent; the message is the line to print. */
export class FileProblem extends Error {
  override readonly name: string = 'FileProblem';
  /** Where it was written. */
  readonly position: ConfPosition | undefined;

  constructor(message: string, position?: ConfPosition) {
    super(message);
    this.position = position;
  }
}

/** The same of a text, without saying what it prevents. */
export class TextProblem extends FileProblem {
  override readonly name = 'TextProblem';
}

/** Sections of one connection: more come of sections that inherit each other, and no daemon takes them. */
const MAX_SECTIONS = 20_000;

/** Items of a list as written: separated by commas, blanks around them dropped, empty ones left out. */
export function splitItems(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** A sub-section. Throws {@link TextProblem} if it cannot be resolved, such as one that inherits itself. */
export function sectionOf(node: ConfNode, name: string): ConfNode {
  return asProblem(() => node.at(name));
}

/** Takes a problem: whatever has it is left out and the rest goes on. */
export type OnProblem = (problem: FileProblem) => void;

/** What is sent of a connection. Throws {@link FileProblem}, unless somebody takes the problems. */
export function connectionMessage(
  node: ConfNode,
  base: string,
  files: OperatorFiles,
  onProblem?: OnProblem,
): Tree {
  const budget = { sections: MAX_SECTIONS };
  return asProblem(() => contentsOf(node, { base, files, budget, onProblem }));
}

interface Place {
  readonly base: string;
  readonly files: OperatorFiles;
  readonly budget: { sections: number };
  readonly onProblem: OnProblem | undefined;
}

function contentsOf(node: ConfNode, place: Place): Tree {
  const { base, files, budget, onProblem } = place;
  if (--budget.sections < 0) {
    const { position } = node;
    const where = position === undefined ? '' : printPosition(position);
    const message = `more than ${MAX_SECTIONS} sections: do they inherit each other?`;
    throw new ConfigError(where, `${where}: ${message}`);
  }
  const keys = entriesOf(node, onProblem, (key, text, position) => {
    if (LISTS.has(key)) return list(key, splitItems(text));
    const folder = FILE_LISTS.get(key);
    if (folder === undefined) return value(key, text);
    return list(
      key,
      splitItems(text).map((item) => fileItem(key, item, `${base}/${folder}`, files, position)),
    );
  });
  const sections = node.sectionNames().flatMap((name) =>
    orProblem(onProblem, () => {
      const inner = node.at(name);
      checkName(name, inner.position);
      return section(name, contentsOf(inner, place));
    }),
  );
  return [...keys, ...sections];
}

/** What is sent of a pool: its addresses as they are, everything else as lists; the same about problems. */
export function poolMessage(node: ConfNode, onProblem?: OnProblem): Tree {
  return asProblem(() =>
    entriesOf(node, onProblem, (key, text) =>
      key === 'addrs' ? value(key, text) : list(key, splitItems(text)),
    ),
  );
}

/** What is sent of an authority; the same about problems. */
export function authorityMessage(
  node: ConfNode,
  base: string,
  files: OperatorFiles,
  onProblem?: OnProblem,
): Tree {
  return asProblem(() =>
    entriesOf(node, onProblem, (key, text, position) => {
      if (key === 'crl_uris' || key === 'ocsp_uris') return list(key, splitItems(text));
      if (key !== 'cacert') return value(key, text);
      return value(key, fileItem(key, text, `${base}/x509ca`, files, position));
    }),
  );
}

/** What is printed of a problem with a section: `what` names it where the problem does not. */
export function problemLine(what: string, problem: FileProblem): string {
  if (!(problem instanceof TextProblem)) return problem.message;
  return `loading ${what} failed: ${problemText(problem)}`;
}

/** A problem, with its place where it does not say itself what it is about. */
export function problemText(problem: FileProblem): string {
  const { position, message } = problem;
  if (!(problem instanceof TextProblem) || position === undefined) return message;
  return `${printPosition(position)}: ${message}`;
}

/** A request with a section, if VICI carries it. Throws {@link TextProblem}. */
export function requestOf(request: string, name: string, message: Tree, node: ConfNode): Tree {
  checkName(name, node.position);
  const tree = [section(name, message)];
  const octets = 2 + request.length + messageLength(tree);
  if (octets <= MAX_PACKET) return tree;
  throw new TextProblem(
    `it has ${octets} octets, more than the ${MAX_PACKET} that VICI carries`,
    node.position,
  );
}

/** Whether VICI can carry the name of a section or key as it is. Throws {@link FileProblem}. */
export function checkName(name: string, position?: ConfPosition): void {
  if (name.length > MAX_NAME) {
    const message = `the name '${name.slice(0, 32)}…' has ${name.length} characters, at most ${MAX_NAME} are allowed`;
    throw new TextProblem(message, position);
  }
  if (!/^[\x21-\x7e]*$/.test(name)) {
    const shown = name.replaceAll(/[^\x21-\x7e]/g, '?').slice(0, 64);
    throw new TextProblem(
      `the name '${shown}' has characters other than printable ASCII`,
      position,
    );
  }
}

function entriesOf(
  node: ConfNode,
  onProblem: OnProblem | undefined,
  entry: (key: string, text: string, position: ConfPosition | undefined) => TreeEntry,
): TreeEntry[] {
  return node.keys().flatMap((key) =>
    orProblem(onProblem, () => {
      const { text = '', position } = node.value(key) ?? {};
      checkName(key, position);
      const made = entry(key, text, position);
      const parts = made.kind === 'value' ? [made.value] : made.kind === 'list' ? made.items : [];
      for (const { length } of parts) {
        if (length <= MAX_VALUE) continue;
        const message = `'${key}' has ${length} octets, at most ${MAX_VALUE} are allowed`;
        throw new TextProblem(message, position);
      }
      return made;
    }),
  );
}

function orProblem(onProblem: OnProblem | undefined, make: () => TreeEntry): TreeEntry[] {
  try {
    return [make()];
  } catch (error) {
    if (onProblem === undefined || !(error instanceof FileProblem)) throw error;
    onProblem(error);
    return [];
  }
}

/** The tree itself refuses some things, such as sections that inherit each other in a circle. */
function asProblem<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { position, message } = placedError(error);
    throw new TextProblem(message, position);
  }
}

/** Octets of a secret as written: `0x` and hexadecimal, `0s` and base64, else the text itself. */
export function secretOctets(text: string): Uint8Array {
  if (/^0x/i.test(text)) {
    const digits = text.slice(2).replaceAll(/[:\s]/g, '');
    const octets = fromHex(digits.length % 2 === 1 ? `0${digits}` : digits);
    if (octets !== undefined) return octets;
  }
  if (/^0s/i.test(text)) {
    const octets = fromBase64(text.slice(2));
    if (octets !== undefined) return octets;
  }
  return utf8(text);
}

function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text.replaceAll(/\s/g, '')), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function fileItem(
  key: string,
  item: string,
  folder: string,
  files: OperatorFiles,
  position: ConfPosition | undefined,
): Uint8Array {
  if (/^0[xs]/i.test(item)) {
    const octets = secretOctets(item);
    if (octets.length > 0) return octets;
  }
  const path = item.startsWith('/') ? item : `${folder}/${item}`;
  try {
    return files.readOctets(path);
  } catch (error) {
    throw new FileProblem(
      `loading ${label(key)} certificate '${path}' failed: ${reasonOf(error)}`,
      position,
    );
  }
}

// The words of the stock program.
function label(key: string): string {
  return key === 'cacert' ? 'ca' : key;
}
