import { type ParsedConnection, parseConnection } from '../../config/connection.ts';
import type { Tree, TreeEntry } from '../../config/tree.ts';
import { UNCHANGED } from '../../control/connection-change.ts';
import { failure, SUCCESS } from '../answers.ts';
import { changeLines } from '../change-lines.ts';
import { changeTree, reportTree } from '../change-tree.ts';
import type { Command, CommandContext } from '../command.ts';
import { boolInput } from '../inputs.ts';
import { encodeMessage, type RequestMessage } from '../message.ts';
import { type SectionText, sectionText, sectionTexts } from '../section-texts.ts';

interface Section {
  readonly name: string;
  readonly text: string;
  /** Nothing if it is loaded already. */
  readonly read: () => ParsedConnection | undefined;
  readonly parsed: ParsedConnection | undefined;
}

/**
 * Adds, updates or replaces connections. All sections are checked before the first is loaded; one that is word for word what is
 * loaded is not even read. With `report = yes`, which is ours, the answer tells what changed.
 */
export const loadConn: Command = {
  name: 'load-conn',
  run: (message, context) => {
    const { octets } = message;
    const { services, log } = context;
    const texts = sectionTexts(octets, 0, services.crypto);
    // Most of what is loaded again is what it was: then nobody looks at what it says. A log that tells all wants it told.
    const same = texts?.every(({ name, text }) => services.control.isLoadedFrom(name, text));
    if (same === true && !log.enabled('cfg', 2)) return SUCCESS;
    return message.broken ? failure('parsing request failed') : load(message, texts, context);
  },
};

async function load(
  { tree }: RequestMessage,
  texts: readonly SectionText[] | undefined,
  context: CommandContext,
): Promise<Tree> {
  const { services, log } = context;
  const { crypto, credentialReader: credentials, control } = services;
  const sections: Section[] = [];
  for (const entry of tree) {
    if (entry.kind !== 'section') continue;
    const { name, entries } = entry;
    const text = texts?.[sections.length]?.text ?? sectionText(encodeMessage([entry]), crypto);
    const read = (): ParsedConnection | undefined =>
      control.isLoadedFrom(name, text)
        ? undefined
        : parseConnection(name, entries, { crypto, credentials });
    sections.push({ name, text, read, parsed: read() });
    // Thousands may come in one request.
    const turn = context.ready();
    if (turn !== undefined) await turn;
  }
  const report = boolInput(tree, 'report') ? ([] as TreeEntry[]) : undefined;
  for (const { name, text, read, ...section } of sections) {
    // Something else may have been loaded under its name meanwhile.
    const parsed = section.parsed ?? read();
    const warnings = parsed?.warnings ?? [];
    for (const warning of warnings) log.log('cfg', 1, `connection '${name}': ${warning}`);
    // One with warnings is read every time: they are said again.
    const same = warnings.length === 0 ? text : undefined;
    const change =
      parsed === undefined ? UNCHANGED : await control.loadConnection(parsed.config, same);
    const level = change.outcome === 'unchanged' ? 2 : 1;
    if (log.enabled('cfg', level)) {
      log.log('cfg', level, `${change.outcome} vici connection: ${name}`);
      for (const line of changeLines(name, change)) log.log('cfg', 1, line);
    }
    report?.push(changeTree(name, change));
  }
  return report === undefined ? SUCCESS : [...SUCCESS, reportTree(report)];
}
