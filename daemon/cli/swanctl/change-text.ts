import { findSection, type Tree } from '../../config/tree.ts';
import { Fields } from './fields.ts';

/** What differs, for the end of a line, and lines of their own about SAs. */
export function changeText(change: Tree): string {
  const keys = new Fields(change).items('keys');
  const parts = [...(keys.length === 0 ? [] : [keys.join(', ')])];
  for (const entry of findSection(change, 'children') ?? []) {
    if (entry.kind !== 'section') continue;
    const child = new Fields(entry.entries);
    const outcome = child.text('outcome');
    const changed = outcome === 'changed' ? ` (${child.items('keys').join(', ')})` : ` ${outcome}`;
    parts.push(`child '${entry.name}'${changed}`);
  }
  const lines = [
    parts.length === 0 ? '' : `: ${parts.join('; ')}`,
    ...sasLine('closes', findSection(change, 'closed')),
    ...sasLine('goes on under the old settings', findSection(change, 'kept')),
  ];
  return lines.join('');
}

function sasLine(what: string, sas: Tree | undefined): readonly string[] {
  if (sas === undefined) return [];
  const named = sas.flatMap((entry) => {
    if (entry.kind !== 'section') return [];
    const sa = new Fields(entry.entries);
    const label = `${sa.text('name')}[${sa.text('uniqueid')}]`;
    const children = sa.items('children').join(', ');
    if (!sa.is('ike')) return [`CHILD_SA ${children} of ${label}`];
    return [children === '' ? `IKE_SA ${label}` : `IKE_SA ${label} with ${children}`];
  });
  const rest = new Fields(sas).number('ike-sas') - named.length;
  return [`\n  ${what}: ${named.join(', ')}${rest > 0 ? ` and ${rest} more IKE_SAs` : ''}`];
}
