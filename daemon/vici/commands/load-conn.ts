import { type ParsedConnection, parseConnection } from '../../config/connection.ts';
import type { Tree, TreeEntry } from '../../config/tree.ts';
import type { Logger } from '../../contracts/logger.ts';
import { type ConnectionChange, UNCHANGED } from '../../control/connection-change.ts';
import { failure, SUCCESS } from '../answers.ts';
import { changeLines } from '../change-lines.ts';
import { changeTree, reportTree } from '../change-tree.ts';
import type { Command, CommandContext } from '../command.ts';
import { ConnectionTemplates } from '../connection-templates.ts';
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
    return (
      loadLike(octets, texts, context) ??
      (message.broken ? failure('parsing request failed') : load(message, texts, context))
    );
  },
};

/** Loads a single connection that is like one that was read before; most that come in thousands are. */
function loadLike(
  octets: Uint8Array,
  texts: readonly SectionText[] | undefined,
  { services, log }: CommandContext,
): Tree | Promise<Tree> | undefined {
  const only = texts?.length === 1 ? texts[0] : undefined;
  if (only === undefined) return undefined;
  const { name, text } = only;
  const config = ConnectionTemplates.of(services.crypto).read(name, octets);
  if (config === undefined) return undefined;
  const change = services.control.loadConnection(config, text);
  if (change instanceof Promise) {
    return change.then((outcome) => {
      tell(name, outcome, log);
      return SUCCESS;
    });
  }
  tell(name, change, log);
  return SUCCESS;
}

function tell(name: string, change: ConnectionChange, log: Logger): void {
  const level = change.outcome === 'unchanged' ? 2 : 1;
  if (!log.enabled('cfg', level)) return;
  log.log('cfg', level, `${change.outcome} vici connection: ${name}`);
  for (const line of changeLines(name, change)) log.log('cfg', 1, line);
}

async function load(
  { tree, octets }: RequestMessage,
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
    if (parsed !== undefined && warnings.length === 0 && texts?.length === 1)
      ConnectionTemplates.of(crypto).remember(octets, parsed.config);
    tell(name, change, log);
    report?.push(changeTree(name, change));
  }
  return report === undefined ? SUCCESS : [...SUCCESS, reportTree(report)];
}
