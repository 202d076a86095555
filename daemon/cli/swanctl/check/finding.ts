import type { ConfPosition } from '../../../config/conf-tree.ts';
import { printPosition } from '../../../config/conf-tree.ts';

/** `error`: it is not loaded. `warning`: it is loaded and hardly what was meant. `note`: worth knowing. */
export type Severity = 'error' | 'warning' | 'note';

/** One thing that was found in the configuration. Names in it never change their meaning: scripts read them. */
export interface Finding {
  readonly severity: Severity;
  /** What kind of thing it is, as one word with dashes. */
  readonly code: string;
  /** Where it is written; files of certificates and keys begin at 1:1. */
  readonly position: ConfPosition;
  /** The section it is about, its names joined by dots; absent for files. */
  readonly section?: string;
  /** What was found, what is allowed, what to do. */
  readonly message: string;
}

/** Collects findings; the same one is kept once. */
export class Findings {
  readonly #list = new Map<string, Finding>();
  /** Files in the order in which they were read. */
  readonly #files = new Map<string, number>();

  /** A file is read: its findings come after those of files before. */
  file(path: string): void {
    if (!this.#files.has(path)) this.#files.set(path, this.#files.size);
  }

  get files(): readonly string[] {
    return [...this.#files.keys()];
  }

  add(finding: Finding): void {
    this.file(finding.position.file);
    const key = `${printPosition(finding.position)} ${finding.code} ${finding.message}`;
    if (!this.#list.has(key)) this.#list.set(key, finding);
  }

  /** In the order of the files, then of their lines. */
  sorted(): readonly Finding[] {
    const rank = (finding: Finding): number => this.#files.get(finding.position.file) ?? 0;
    return [...this.#list.values()].sort(
      (a, b) =>
        rank(a) - rank(b) ||
        a.position.line - b.position.line ||
        a.position.column - b.position.column,
    );
  }

  count(severity: Severity): number {
    let count = 0;
    for (const finding of this.#list.values()) if (finding.severity === severity) count++;
    return count;
  }
}

/** `file:line:column: severity: section: message [code]`, on one line, as compilers write it. */
export function findingText({ severity, code, position, section, message }: Finding): string {
  const about = section === undefined || section === '' ? '' : `${section}: `;
  const line = `${printPosition(position)}: ${severity}: ${about}${message} [${code}]`;
  return `${line.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?')}\n`;
}

/** How many of each there are, and in how many files. */
export function summaryText(findings: Findings): string {
  const many = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
  const counts = SEVERITIES.map((severity) => many(findings.count(severity), severity));
  return `${counts.join(', ')} in ${many(findings.files.length, 'file')}\n`;
}

/** All findings as one JSON document; its names stay what they are. */
export function findingsJson(findings: Findings): string {
  const document = {
    errors: findings.count('error'),
    warnings: findings.count('warning'),
    notes: findings.count('note'),
    files: findings.files,
    findings: findings.sorted().map(({ severity, code, position, section, message }) => ({
      severity,
      code,
      ...position,
      ...(section === undefined ? {} : { section }),
      message,
    })),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

const SEVERITIES = ['error', 'warning', 'note'] as const;
