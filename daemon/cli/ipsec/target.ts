/** What `down` and others are told to act on. */
export type Target =
  | { readonly kind: 'ike' | 'child'; readonly name: string; readonly which: 'first' | 'all' }
  | { readonly kind: 'ike' | 'child'; readonly name: string; readonly which: number };

/** Reads `name`, `name[n]`, `name[]`, `name[*]`, `name{n}`, `name{}` and `name{*}`; `undefined` if it is none of them. */
export function parseTarget(text: string): Target | undefined {
  const [, name = '', open, inside = ''] = /^([^[\]{}]*)(?:([[{])(\d*|\*)[\]}])?$/.exec(text) ?? [];
  if (name === '' && (open === undefined || !/^\d+$/.test(inside))) return undefined;
  const closed = open === undefined || text.endsWith(open === '[' ? ']' : '}');
  if (!closed) return undefined;
  const kind = open === '{' ? 'child' : 'ike';
  if (/^\d+$/.test(inside)) return { kind, name, which: Number(inside) };
  return { kind, name, which: inside === '*' ? 'all' : 'first' };
}
