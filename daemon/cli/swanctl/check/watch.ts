import { type ConfPosition, printPosition } from '../../../config/conf-tree.ts';
import type { ConfWatch } from '../../../config/strongswan-conf.ts';
import type { Findings } from './finding.ts';

/** Tells of what a file may do and hardly means: keys that are set twice, sections that are merged, includes of nothing. */
export function watchFor(findings: Findings): ConfWatch {
  return {
    file: (path) => findings.file(path),
    nothingIncluded(pattern, position) {
      // Folders for files of others are often empty.
      const severity = /[*?[]/.test(pattern) ? 'note' : 'warning';
      const message = `nothing is included: no file matches '${pattern}'`;
      findings.add({ severity, code: 'empty-include', position, message });
    },
    replaced(key, before, position, section) {
      findings.add({
        severity: sameFile(before.position, position) ? 'warning' : 'note',
        code: 'duplicate-key',
        position,
        section: section.join('.'),
        message: `'${key}' is set again: what was set at ${printPosition(before.position)} has no effect`,
      });
    },
    reopened(before, position, section) {
      // Every file of conf.d opens the sections of the root.
      if (section.length < 2) return;
      findings.add({
        severity: sameFile(before.position, position) ? 'warning' : 'note',
        code: 'duplicate-section',
        position,
        section: section.join('.'),
        message: `continues the section of the same name at ${printPosition(before.position)}: both are one`,
      });
    },
  };
}

function sameFile(a: ConfPosition, b: ConfPosition): boolean {
  return a.file === b.file;
}
