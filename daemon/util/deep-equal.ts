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
  if (a instanceof Map) return b instanceof Map && deepEqual([...a], [...b]);
  if (a instanceof RegExp) return b instanceof RegExp && String(a) === String(b);
  if (b instanceof Map || b instanceof RegExp || Array.isArray(b)) return false;
  const [x, y] = [definedEntries(a), definedEntries(b)];
  return x.size === y.size && [...x].every(([key, value]) => deepEqual(value, y.get(key)));
}

function definedEntries(value: object): Map<string, unknown> {
  return new Map(Object.entries(value).filter(([, member]) => member !== undefined));
}
