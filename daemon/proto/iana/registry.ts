/**
 * A printer for the numbers of one IANA registry: the key of a known number, `(1234)` for any other one.
 * Of two keys with one number the first is printed.
 */
export function printerOf(registry: Readonly<Record<string, number>>): (value: number) => string {
  const names = new Map<number, string>();
  for (const [name, value] of Object.entries(registry)) {
    if (!names.has(value)) names.set(value, name);
  }
  return (value) => names.get(value) ?? `(${value})`;
}
