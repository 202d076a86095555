/** Equality by content of configuration values: primitives, arrays, octets, maps, patterns and plain objects. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || a instanceof Uint8Array) {
    if (a.constructor !== b.constructor) return false;
    const [x, y] = [a, b as ArrayLike<unknown>];
    if (x.length !== y.length) return false;
    for (let i = 0; i < x.length; i++) if (!deepEqual(x[i], y[i])) return false;
    return true;
  }
  if (a instanceof Map) return b instanceof Map && a.size === b.size && deepEqual([...a], [...b]);
  if (a instanceof RegExp) return b instanceof RegExp && String(a) === String(b);
  if (b instanceof Map || b instanceof RegExp || Array.isArray(b)) return false;
  let found = false;
  eachDifference(a, b, () => {
    found = true;
  });
  return !found;
}

/** Names the members in which two plain objects differ, `except` for one; a member that is `undefined` is none. */
export function eachDifference<T extends object>(
  a: T,
  b: T,
  found: (member: keyof T & string) => void,
  except?: keyof T & string,
): void {
  // Without lists of members: ten thousand connections have half a million.
  for (const member in a) {
    // Most members are the very same, in most cases.
    if (member === except || (a[member] === b[member] && a[member] !== undefined)) continue;
    if (!deepEqual(a[member], memberOf(b, member))) found(member);
  }
  for (const member in b) {
    if (member !== except && !Object.hasOwn(a, member) && b[member] !== undefined) found(member);
  }
}

function memberOf<T extends object, K extends keyof T>(value: T, member: K): T[K] | undefined {
  return Object.hasOwn(value, member) ? value[member] : undefined;
}
