/** A tree in the shape of strongswan.conf and swanctl.conf: values, and sections by name; `include` is a statement. */
export interface ConfTree {
  readonly [name: string]: string | number | ConfTree | undefined;
}

/** Writes a tree in the syntax of strongswan.conf; values that need it are quoted, undefined entries left out. */
export function confText(tree: ConfTree, indent = ''): string {
  return Object.entries(tree)
    .map(([name, value]) => {
      if (value === undefined) return '';
      if (name === 'include') return `${indent}include ${value}\n`;
      if (typeof value !== 'object') return `${indent}${name} = ${quoted(String(value))}\n`;
      return `${indent}${name} {\n${confText(value, `${indent}  `)}${indent}}\n`;
    })
    .join('');
}

/** A tree with the entries of a second laid over it, section by section. */
export function merged(base: ConfTree, over: ConfTree): ConfTree {
  const result: Record<string, string | number | ConfTree | undefined> = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const old = result[name];
    result[name] =
      typeof old === 'object' && typeof value === 'object' ? merged(old, value) : value;
  }
  return result;
}

function quoted(value: string): string {
  return /^[\w.:/,%@+-]+( [\w.:/,%@+-]+)*$/.test(value)
    ? value
    : `"${value.replace(/["\\]/g, '\\$&')}"`;
}
