import { findSection, findValue, type Tree } from '../../config/tree.ts';

/** An answer to `explain` for people: the sentence, what is there, what is missing, what was tried; each with what to change. */
export function explanationText(answer: Tree): string {
  return [
    `${text(answer, 'summary')}\n`,
    ...change(answer, '  '),
    ...each(answer, 'ike-sas').map(([id, sa]) => `  IKE_SA #${id}: ${saText(sa)}\n`),
    ...each(answer, 'children').map(
      ([name, child]) => `  child ${name}: ${text(child, 'state')}\n`,
    ),
    ...group(answer, 'missing', 'missing now:', (found) => `${text(found, 'reason')}\n`),
    ...group(answer, 'attempts', 'failed, the last first:', attemptText),
    ...group(answer, 'suspects', 'peers that were refused and may have meant it:', peerText),
  ].join('');
}

function saText(sa: Tree): string {
  const tries = maybe(sa, 'tries');
  const count = tries === '0' ? text(sa, 'try') : `${text(sa, 'try')} of ${tries}`;
  const again = maybe(sa, 'retry-in');
  return [
    `${text(sa, 'state')}, as ${text(sa, 'role')}, ${text(sa, 'local')}...${text(sa, 'remote')}`,
    ...(tries === undefined ? [] : [`try ${count}`]),
    ...(again === undefined ? [] : [`next in ${again}s`]),
  ].join(', ');
}

function attemptText(attempt: Tree): string {
  const child = maybe(attempt, 'child');
  const ours = text(attempt, 'role') === 'initiator';
  const remote = text(attempt, 'remote');
  const step = text(attempt, 'step');
  const what = child === undefined ? '' : ` for child ${child}`;
  if (step === 'lookup') return `${when(attempt)}: not begun${what}\n${cause(attempt, false)}`;
  const where = step === 'established' ? 'when established' : `in ${step}`;
  const who = ours ? `we asked ${remote}` : `${remote} asked us`;
  // As responder we answer, unless it is the peer that refuses us.
  const received = ours || text(attempt, 'kind') === 'refused';
  return `${when(attempt)}: ${who}${what}, ended ${where}\n${cause(attempt, received)}`;
}

function peerText(peer: Tree): string {
  const id = maybe(peer, 'remote-id');
  const who = id === undefined ? text(peer, 'remote') : `${text(peer, 'remote')} ('${id}')`;
  return `${when(peer)}: ${who} asked us, ended in ${text(peer, 'step')}\n${cause(peer, false)}`;
}

/** Reason, answer and differences, one line each. */
function cause(found: Tree, received: boolean): string {
  const notify = maybe(found, 'notify');
  const differences = each(found, 'differences').map(([, difference]) => {
    const [ours, theirs] = [text(difference, 'ours'), text(difference, 'theirs')];
    return `    ${text(difference, 'what')}: ours ${ours}, theirs ${theirs}\n`;
  });
  return [
    `    ${text(found, 'reason')}\n`,
    ...(notify === undefined ? [] : [`    ${received ? 'the peer' : 'we'} answered ${notify}\n`]),
    ...differences,
  ].join('');
}

/** `12s ago, 3 times since 140s ago`. */
function when(found: Tree): string {
  const times = text(found, 'times');
  const again = times === '1' ? '' : `, ${times} times since ${text(found, 'since')}s ago`;
  return `${text(found, 'age')}s ago${again}`;
}

function group(
  answer: Tree,
  name: string,
  title: string,
  print: (found: Tree) => string,
): readonly string[] {
  const items = each(answer, name);
  if (items.length === 0) return [];
  return [
    `${title}\n`,
    ...items.flatMap(([, found]) => [`  - ${print(found)}`, ...change(found, '    ')]),
  ];
}

function change(found: Tree, indent: string): readonly string[] {
  const hint = maybe(found, 'hint');
  return hint === undefined ? [] : [`${indent}=> ${hint}\n`];
}

function each(tree: Tree, name: string): readonly (readonly [string, Tree])[] {
  return (findSection(tree, name) ?? []).flatMap((entry) =>
    entry.kind === 'section' ? [[entry.name, entry.entries] as const] : [],
  );
}

function text(tree: Tree, name: string): string {
  return maybe(tree, name) ?? '';
}

// What peers call themselves must not steer the terminal.
function maybe(tree: Tree, name: string): string | undefined {
  const found = findValue(tree, name);
  return found && new TextDecoder().decode(found).replaceAll(/\p{Cc}/gu, '?');
}
