import { type ParsedConnection, parseConnection } from '../../config/connection.ts';
import type { TreeEntry } from '../../config/tree.ts';
import type { Crypto } from '../../contracts/crypto.ts';
import { UNCHANGED } from '../../control/connection-change.ts';
import { latin1 } from '../../util/bytes.ts';
import { failure, SUCCESS } from '../answers.ts';
import { changeLines } from '../change-lines.ts';
import { changeTree, reportTree } from '../change-tree.ts';
import type { Command } from '../command.ts';
import { boolInput } from '../inputs.ts';
import { encodeMessage } from '../message.ts';

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
  run: async ({ tree, broken }, context) => {
    if (broken) return failure('parsing request failed');
    const { services, log } = context;
    const { crypto, credentialReader: credentials, control } = services;
    const sections: Section[] = [];
    for (const entry of tree) {
      if (entry.kind !== 'section') continue;
      const { name, entries } = entry;
      const text = fingerprint(entry, crypto);
      const read = (): ParsedConnection | undefined =>
        control.isLoadedFrom(name, text)
          ? undefined
          : parseConnection(name, entries, { crypto, credentials });
      sections.push({ name, text, read, parsed: read() });
      // Thousands may come in one request.
      const turn = context.ready();
      if (turn !== undefined) await turn;
    }
    const report: TreeEntry[] = [];
    for (const { name, text, read, ...section } of sections) {
      // Something else may have been loaded under its name meanwhile.
      const parsed = section.parsed ?? read();
      const warnings = parsed?.warnings ?? [];
      for (const warning of warnings) log.log('cfg', 1, `connection '${name}': ${warning}`);
      // One with warnings is read every time: they are said again.
      const same = warnings.length === 0 ? text : undefined;
      const change =
        parsed === undefined ? UNCHANGED : await control.loadConnection(parsed.config, same);
      const { outcome } = change;
      log.log('cfg', outcome === 'unchanged' ? 2 : 1, `${outcome} vici connection: ${name}`);
      for (const line of changeLines(name, change)) log.log('cfg', 1, line);
      report.push(changeTree(name, change));
    }
    return boolInput(tree, 'report') ? [...SUCCESS, reportTree(report)] : SUCCESS;
  },
};

function fingerprint(entry: TreeEntry, crypto: Crypto): string {
  return latin1(crypto.hash('sha256', encodeMessage([entry])));
}
