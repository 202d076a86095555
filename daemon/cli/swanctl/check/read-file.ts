import { type ConfSection, placedError } from '../../../config/conf-tree.ts';
import { parseConfFile } from '../../../config/strongswan-conf.ts';
import { ConfigError } from '../../../util/error.ts';
import type { Findings } from './finding.ts';
import type { CheckWorld } from './model.ts';
import { watchFor } from './watch.ts';

/** The sections of a file with all it includes, unless it cannot be read. */
export function readFile(
  file: string,
  { files, findings }: Pick<CheckWorld, 'files' | 'findings'>,
): ConfSection | undefined {
  if (!files.exists(file)) {
    const position = { file, line: 1, column: 1 };
    const message = 'no such file or directory';
    findings.add({ severity: 'error', code: 'missing-file', position, message });
    return undefined;
  }
  try {
    return parseConfFile(file, files, watchFor(findings));
  } catch (error) {
    addError(error, file, 'syntax', findings);
    return undefined;
  }
}

/** Adds an error that says where it is, or is about the whole file. Throws anything else. */
export function addError(error: unknown, file: string, code: string, findings: Findings): void {
  if (!(error instanceof ConfigError)) throw error;
  const { position = { file, line: 1, column: 1 }, message } = placedError(error);
  findings.add({ severity: 'error', code, position, message });
}
