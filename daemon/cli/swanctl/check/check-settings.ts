import { ConfNode } from '../../../config/conf-tree.ts';
import { resolveOptions } from '../../../config/resolve-options.ts';
import { ConfigError } from '../../../util/error.ts';
import type { Severity } from './finding.ts';
import type { CheckWorld } from './model.ts';
import { readFile } from './read-file.ts';

/** Section of strongswan.conf that goes before `charon`. */
const NAMESPACE = 'charon-systemd';

/** Checks strongswan.conf: an error is something that the daemon would not start with. */
export function checkSettings(file: string, world: CheckWorld): void {
  const section = readFile(file, world);
  if (section === undefined) return;
  try {
    const { warnings } = resolveOptions(ConfNode.of(section), NAMESPACE);
    for (const warning of warnings) add(file, warning, 'warning', world);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    add(file, error.message, 'error', world);
  }
}

/** A sentence that begins with its place, or is about the whole file. */
function add(file: string, sentence: string, severity: Severity, { findings }: CheckWorld): void {
  const [, named, line, column, rest] = /^(\/?[^:]*):(\d+):(\d+): (.*)$/s.exec(sentence) ?? [];
  const position =
    named === undefined
      ? { file, line: 1, column: 1 }
      : { file: named, line: Number(line), column: Number(column) };
  const message = rest ?? sentence;
  const code = message.startsWith('unknown option') ? 'unknown-option' : 'invalid-value';
  findings.add({ severity, code, position, message });
}
