import type { ConfNode } from '../../../config/conf-tree.ts';
import { findText, type Tree, value } from '../../../config/tree.ts';
import { type CommandContext, CommandFailure, Errno, type SwanctlCommand } from '../command.ts';
import {
  authorityMessage,
  connectionMessage,
  FileProblem,
  poolMessage,
  problemLine,
  requestOf,
  sectionOf,
  TextProblem,
} from '../conf-messages.ts';
import { DRY_RUN, namesIn, planLoad } from '../dry-run.ts';
import { type OpenedConfig, openConfig } from '../open-config.ts';
import { PRETTY, RAW, takes } from '../shared-options.ts';

/** The option that all commands which read swanctl.conf have. */
export const FILE = takes('file', 'f', 'custom path to swanctl.conf');

/** Things that are loaded by name, one request each, and unloaded when the file has them no more. */
interface Kind {
  /** Section of swanctl.conf, and the word in the summary. */
  readonly plural: 'connections' | 'pools' | 'authorities';
  readonly singular: string;
  readonly load: string;
  readonly unload: string;
  /** Ours: tells what both would change. */
  readonly diff: string;
  readonly list: string;
  /** Names in the answer to `list`. */
  names(answer: Tree): readonly string[];
  message(node: ConfNode, cx: CommandContext, config: OpenedConfig): Tree;
}

const CONNECTIONS: Kind = {
  plural: 'connections',
  singular: 'connection',
  load: 'load-conn',
  unload: 'unload-conn',
  diff: 'diff-conn',
  list: 'get-conns',
  names: (answer) => namesIn(answer, 'conns'),
  message: (node, cx, { base }) => connectionMessage(node, base, cx.files),
};

const POOLS: Kind = {
  plural: 'pools',
  singular: 'pool',
  load: 'load-pool',
  unload: 'unload-pool',
  diff: 'diff-pool',
  list: 'get-pools',
  names: (answer) => answer.flatMap((entry) => (entry.kind === 'section' ? [entry.name] : [])),
  message: (node) => poolMessage(node),
};

const AUTHORITIES: Kind = {
  plural: 'authorities',
  singular: 'authority',
  load: 'load-authority',
  unload: 'unload-authority',
  diff: 'diff-authority',
  list: 'get-authorities',
  names: (answer) => namesIn(answer, 'authorities'),
  message: (node, cx, { base }) => authorityMessage(node, base, cx.files),
};

export const loadConns: SwanctlCommand = command('load-conns', 'c', 'connection', loadConnections);
export const loadPools: SwanctlCommand = command('load-pools', 'a', 'pool', loadAddressPools);
export const loadAuthorities: SwanctlCommand = command(
  'load-authorities',
  'b',
  'authority',
  loadAuthorityConfigs,
);

function command(
  long: string,
  short: string,
  what: string,
  load: (cx: CommandContext, config: OpenedConfig) => Promise<number>,
): SwanctlCommand {
  return {
    long,
    short,
    description: `(re-)load ${what} configuration`,
    synopsis: ['[--raw|--pretty] [--dry-run]'],
    options: [RAW, PRETTY, FILE, DRY_RUN],
    run: (cx) => load(cx, openConfig(cx)),
  };
}

/** Loads all connections of the file and unloads those it has no more; resolves with the exit code. */
export function loadConnections(cx: CommandContext, config: OpenedConfig): Promise<number> {
  return loadKind(cx, config, CONNECTIONS);
}

/** The same for pools. */
export function loadAddressPools(cx: CommandContext, config: OpenedConfig): Promise<number> {
  return loadKind(cx, config, POOLS);
}

/** The same for authorities. */
export function loadAuthorityConfigs(cx: CommandContext, config: OpenedConfig): Promise<number> {
  return loadKind(cx, config, AUTHORITIES);
}

async function loadKind(cx: CommandContext, config: OpenedConfig, kind: Kind): Promise<number> {
  const previous = await askQuietly(cx, kind.list);
  const gone = new Set(previous === undefined ? [] : kind.names(previous));
  const sections = config.root.at(kind.plural);
  const names = sections.sectionNames();
  if (cx.has(DRY_RUN.long)) {
    for (const name of names) gone.delete(name);
    const request = (name: string): Tree => requestFor(cx, config, kind, kind.diff, name);
    return planLoad(cx, { ...kind, names, gone, request });
  }
  let loaded = 0;
  for (const name of names) {
    gone.delete(name);
    if (await loadOne(cx, config, kind, name)) loaded++;
  }
  let unloaded = 0;
  for (const name of gone) if (await unloadOne(cx, kind, name)) unloaded++;
  return summary(cx, kind, names.length, loaded, unloaded);
}

/** The request with one of them; throws {@link FileProblem}. */
function requestFor(
  cx: CommandContext,
  config: OpenedConfig,
  kind: Kind,
  request: string,
  name: string,
): Tree {
  const node = sectionOf(config.root.at(kind.plural), name);
  return requestOf(request, name, kind.message(node, cx, config), node);
}

async function loadOne(
  cx: CommandContext,
  config: OpenedConfig,
  kind: Kind,
  name: string,
): Promise<boolean> {
  let request: Tree;
  try {
    request = requestFor(cx, config, kind, kind.load, name);
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    cx.terminal.error(`${problemLine(`${kind.singular} '${name}'`, error)}\n`);
    if (!(error instanceof TextProblem)) await explain(cx, config, kind, name);
    return false;
  }
  const answer = await tryAsk(cx, kind.load, request);
  if (answer === undefined || cx.form !== undefined) return answer !== undefined;
  if (findText(answer, 'success') === 'yes') {
    cx.terminal.out(`loaded ${kind.singular} '${name}'\n`);
    return true;
  }
  cx.terminal.error(
    `loading ${kind.singular} '${name}' failed: ${findText(answer, 'errmsg') ?? ''}\n`,
  );
  await explain(cx, config, kind, name);
  return false;
}

async function explain(
  cx: CommandContext,
  config: OpenedConfig,
  { plural }: Kind,
  name: string,
): Promise<void> {
  for (const line of (await config.explain?.(plural, name)) ?? []) cx.terminal.error(`${line}\n`);
}

async function unloadOne(cx: CommandContext, kind: Kind, name: string): Promise<boolean> {
  const answer = await tryAsk(cx, kind.unload, [value('name', name)]);
  if (answer === undefined || cx.form !== undefined) return answer !== undefined;
  if (findText(answer, 'success') === 'yes') return true;
  cx.terminal.error(
    `unloading ${kind.singular} '${name}' failed: ${findText(answer, 'errmsg') ?? ''}\n`,
  );
  return false;
}

function summary(
  cx: CommandContext,
  { plural }: Kind,
  found: number,
  loaded: number,
  unloaded: number,
): number {
  if (cx.form !== undefined) return 0;
  if (found === 0) {
    cx.terminal.out(`no ${plural} found, ${unloaded} unloaded\n`);
    return 0;
  }
  if (loaded === found) {
    cx.terminal.out(`successfully loaded ${loaded} ${plural}, ${unloaded} unloaded\n`);
    return 0;
  }
  cx.terminal.error(
    `loaded ${loaded} of ${found} ${plural}, ${found - loaded} failed to load, ${unloaded} unloaded\n`,
  );
  return Errno.EINVAL;
}

/** What the daemon has loaded; one that does not know the request has nothing to unload. */
export async function askQuietly(cx: CommandContext, request: string): Promise<Tree | undefined> {
  let answer: Tree;
  try {
    answer = await cx.ask(request);
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    return undefined;
  }
  if (cx.form !== undefined) cx.dump(`${request} reply`, answer, cx.form);
  return answer;
}

/** Asks and dumps the answer if dumps are wanted; without an answer the reason is printed and there is none. */
export async function tryAsk(
  cx: CommandContext,
  request: string,
  input: Tree,
): Promise<Tree | undefined> {
  try {
    const answer = await cx.ask(request, input);
    if (cx.form !== undefined) cx.dump(`${request} reply`, answer, cx.form);
    return answer;
  } catch (error) {
    cx.terminal.error(`${error instanceof Error ? error.message : error}\n`);
    return undefined;
  }
}
