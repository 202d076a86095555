import { type ConfNode, type ConfSection, danglingReferences } from '../../../config/conf-tree.ts';
import { didYouMean } from '../../../util/did-you-mean.ts';
import { SECTIONS } from '../open-config.ts';
import type { CheckWorld } from './model.ts';

/** Finds what nothing reads: other sections of the root that nothing inherits, keys between the sections, references to nowhere. */
export function checkNames(root: ConfSection, node: ConfNode, { findings }: CheckWorld): void {
  const inherited = new Set<string>();
  const names: string[] = [];
  walk(root, (section) => {
    for (const name of section.sections.keys()) names.push(name);
    for (const { path } of section.references) if (path[0] !== undefined) inherited.add(path[0]);
  });
  for (const [key, { position }] of root.values) {
    const message = `'${key}' stands outside of all sections and is ignored`;
    findings.add({ severity: 'warning', code: 'ignored', position, message });
  }
  for (const [name, { position }] of root.sections) {
    if (isKnown(name) || inherited.has(name)) continue;
    const similar = didYouMean(name, SECTIONS);
    const hint = similar === undefined ? '' : `; did you mean '${similar}'?`;
    const message = `nothing reads this section: known are ${SECTIONS.join(', ')}, others are for sections that inherit them${hint}`;
    findings.add({ severity: 'warning', code: 'unused-section', position, section: name, message });
  }
  for (const name of SECTIONS) {
    const section = node.at(name);
    for (const key of section.keys()) {
      const position = section.value(key)?.position;
      if (position === undefined) continue;
      const message = `'${key}' stands between the sections of '${name}' and is ignored`;
      findings.add({ severity: 'warning', code: 'ignored', position, section: name, message });
    }
  }
  for (const { path, position } of danglingReferences(root)) {
    const last = path.at(-1) ?? '';
    const similar = didYouMean(last, names);
    const hint = similar === undefined ? '' : `; did you mean '${similar}'?`;
    const message = `there is no section '${path.join('.')}', nothing is inherited${hint}`;
    findings.add({ severity: 'warning', code: 'missing-reference', position, message });
  }
}

function isKnown(name: string): boolean {
  return SECTIONS.some((known) => known === name);
}

function walk(root: ConfSection, visit: (section: ConfSection) => void): void {
  const open = [root];
  for (let section = open.pop(); section !== undefined; section = open.pop()) {
    visit(section);
    for (const inner of section.sections.values()) open.push(inner);
  }
}
