import type { AffectedSas, ConnectionChange } from '../control/connection-change.ts';

/** Names of keys in one line. */
const MAX_KEYS = 32;

/** Sentences for the log on what a change of a connection was, beside the line that says that there was one. */
export function changeLines(name: string, change: ConnectionChange): readonly string[] {
  const { outcome, keys, children, closed, kept } = change;
  if (outcome === 'unchanged') return [];
  const of = `connection '${name}'`;
  const lines: string[] = [];
  if (outcome !== 'added' && outcome !== 'removed') {
    const parts = [
      ...(keys.length === 0 ? [] : [`changed ${some(keys)}`]),
      ...children.map((child) =>
        child.what === 'changed'
          ? `child '${child.name}' changed ${some(child.keys)}`
          : `child '${child.name}' ${child.what}`,
      ),
    ];
    lines.push(`${of}: ${parts.length === 0 ? 'order of children changed' : some(parts, '; ')}`);
  }
  if (closed.total > 0) lines.push(`${of}: closing ${sasText(closed)}`);
  if (kept.total > 0) lines.push(`${of}: ${sasText(kept)} continue under the old settings`);
  return lines;
}

/** SAs by their labels: `IKE_SA gw[3], CHILD_SA net{7} of gw[4] and 12 more`. */
export function sasText({ total, some: named }: AffectedSas): string {
  const texts = named.map((sa) => {
    const label = `${sa.name}[${sa.uniqueId}]`;
    const children = sa.children.map((child) => `${child.name}{${child.uniqueId}}`).join(', ');
    if (!sa.ike) return `CHILD_SA ${children} of ${label}`;
    return children === '' ? `IKE_SA ${label}` : `IKE_SA ${label} with ${children}`;
  });
  const rest = total - named.length;
  return `${texts.join(', ')}${rest > 0 ? ` and ${rest} more IKE_SAs` : ''}`;
}

function some(texts: readonly string[], separator = ', '): string {
  if (texts.length <= MAX_KEYS) return texts.join(separator);
  return `${texts.slice(0, MAX_KEYS).join(separator)}${separator}and ${texts.length - MAX_KEYS} more`;
}
