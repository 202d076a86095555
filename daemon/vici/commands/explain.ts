import { optional, section, type Tree, type TreeEntry, value } from '../../config/tree.ts';
import type { Explanation } from '../../control/views.ts';
import { notifyName } from '../../proto/iana/notify-types.ts';
import { failure } from '../answers.ts';
import { inputMistake } from '../checked-inputs.ts';
import type { Command } from '../command.ts';
import { textInput } from '../inputs.ts';

/** Ours, unknown to stock clients and daemons: why the connection `name`, or the one with a child of that name, is not up. */
export const explain: Command = {
  name: 'explain',
  run: async (message, { services: { control } }) => {
    const mistake = inputMistake(message, { name: 'text' });
    if (mistake !== undefined) return failure(mistake);
    const name = textInput(message.tree, 'name');
    if (name === undefined) return failure('missing name of a connection or a child');
    return [...explanationTree(await control.explain(name)), value('success', 'yes')];
  },
};

type Attempt = Explanation['attempts'][number];
type Suspect = Explanation['suspects'][number];

/** An explanation as a message: what happened has its age in seconds, lists are sections numbered from 1. */
export function explanationTree(explanation: Explanation): Tree {
  const { now } = explanation;
  return [
    value('name', explanation.name),
    value('state', explanation.state),
    value('summary', explanation.summary),
    ...optional('hint', explanation.hint),
    section(
      'ike-sas',
      explanation.sas.map(({ uniqueId, state, initiator, local, remote, tries, retryIn }) =>
        section(String(uniqueId), [
          value('state', state),
          value('role', initiator ? 'initiator' : 'responder'),
          value('local', local),
          value('remote', remote),
          ...optional('try', tries?.count),
          ...optional('tries', tries?.limit),
          ...optional('retry-in', retryIn),
        ]),
      ),
    ),
    section(
      'children',
      explanation.children.map(({ name, state }) => section(name, [value('state', state)])),
    ),
    numbered('missing', explanation.missing, ({ kind, reason, subject, hint }) => [
      value('kind', kind),
      value('reason', reason),
      ...optional('subject', subject),
      ...optional('hint', hint),
    ]),
    numbered('attempts', explanation.attempts, (attempt) => [
      value('role', attempt.role),
      ...happened(attempt, now),
      ...optional('subject', attempt.subject),
      ...optional('child', attempt.child),
      ...optional('local-id', attempt.localId),
      ...ended(attempt),
    ]),
    numbered('suspects', explanation.suspects, (suspect) => [
      ...happened(suspect, now),
      ...ended(suspect),
    ]),
  ];
}

function happened(found: Attempt | Suspect, now: number): Tree {
  const { step, kind, reason, notify, local, remote, remoteId, first, last, times } = found;
  const seconds = (since: number): number => Math.max(0, Math.round((now - since) / 1000));
  return [
    value('step', step),
    value('kind', kind),
    value('reason', reason),
    ...optional('notify', notify === undefined ? undefined : notifyName(notify)),
    value('age', seconds(last)),
    value('since', seconds(first)),
    value('times', times),
    value('local', local),
    value('remote', remote),
    ...optional('remote-id', remoteId),
  ];
}

function ended({ differences, hint }: Attempt | Suspect): Tree {
  return [
    numbered('differences', differences, ({ what, ours, theirs }) => [
      value('what', what),
      value('ours', ours),
      value('theirs', theirs),
    ]),
    ...optional('hint', hint),
  ];
}

function numbered<T>(name: string, items: readonly T[], entries: (item: T) => Tree): TreeEntry {
  return section(
    name,
    items.map((item, index) => section(String(index + 1), entries(item))),
  );
}
