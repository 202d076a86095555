import { findList, findSection, findText, list, type Tree } from '../../config/tree.ts';
import { latin1 } from '../../util/bytes.ts';
import type { OptionSpec } from '../getopt.ts';
import { changeText } from './change-text.ts';
import { type CommandContext, CommandFailure, Errno } from './command.ts';
import { FileProblem, problemText } from './conf-messages.ts';

/** The option that has the commands which load say what they would change, and change nothing. */
export const DRY_RUN: OptionSpec = {
  long: 'dry-run',
  argument: false,
  help: 'show what would change, change nothing',
};

/** One kind of things that are loaded by name. */
export interface Planned {
  readonly plural: string;
  readonly singular: string;
  /** The request that compares. */
  readonly diff: string;
  /** Names in the file, in order. */
  readonly names: readonly string[];
  /** What would be sent of one; may throw {@link FileProblem}. */
  request(name: string): Tree;
  /** Names that are loaded and not in the file. */
  readonly gone: Iterable<string>;
}

/** What could happen to one of them, in the order of the summary. */
const OUTCOMES = ['added', 'updated', 'replaced', 'removed', 'unchanged'];

/** Prints what loading would change; resolves with the exit code that loading would have as far as that can be told. */
export async function planLoad(cx: CommandContext, planned: Planned): Promise<number> {
  const { singular, plural, diff, names, gone } = planned;
  const counts = new Map<string, number>();
  const count = (outcome: string): void => void counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const plan = async (name: string, input: () => Tree): Promise<void> => {
    const found = await compare(cx, diff, input);
    if (typeof found === 'string') {
      count('failed');
      if (cx.form === undefined) cx.terminal.error(`${singular} '${name}' would fail: ${found}\n`);
      return;
    }
    const change = findSection(findSection(found, 'changes') ?? [], name) ?? [];
    const outcome = findText(change, 'outcome') ?? '';
    count(outcome);
    if (cx.form === undefined && outcome !== 'unchanged')
      cx.terminal.out(`${singular} '${name}' would be ${outcome}${changeText(change)}\n`);
  };
  for (const name of names) await plan(name, () => planned.request(name));
  for (const name of gone) await plan(name, () => [list('unload', [name])]);
  const failed = counts.get('failed') ?? 0;
  if (cx.form === undefined) {
    const parts = OUTCOMES.map((outcome) => `${counts.get(outcome) ?? 0} ${outcome}`);
    const failing = failed === 0 ? '' : `, ${failed} would fail`;
    cx.terminal.out(`${plural}: ${parts.join(', ')}${failing}; nothing was changed\n`);
  }
  return failed === 0 || cx.form !== undefined ? 0 : Errno.EINVAL;
}

/** The answer, or why there would be a failure. */
async function compare(
  cx: CommandContext,
  diff: string,
  input: () => Tree,
): Promise<Tree | string> {
  let answer: Tree;
  try {
    answer = await cx.ask(diff, input());
  } catch (error) {
    if (error instanceof FileProblem) return problemText(error);
    if (!(error instanceof CommandFailure) || error.code !== Errno.ENOENT) throw error;
    throw new CommandFailure(
      `this daemon cannot tell what would change (it does not know '${diff}'), nothing was changed`,
      error.code,
    );
  }
  if (cx.form !== undefined) cx.dump(`${diff} reply`, answer, cx.form);
  return findText(answer, 'success') === 'yes' ? answer : (findText(answer, 'errmsg') ?? '');
}

/** Names in a list of an answer. */
export function namesIn(answer: Tree, name: string): readonly string[] {
  return (findList(answer, name) ?? []).map(latin1);
}
