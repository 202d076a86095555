/** What a sticky pattern finds at a place of a text, or else the one character there; and where that ends. */
export function matchAt(
  pattern: RegExp,
  text: string,
  at: number,
): { readonly found: string; readonly end: number } {
  pattern.lastIndex = at;
  const found = pattern.exec(text)?.[0] ?? text[at] ?? '';
  return { found, end: at + found.length };
}
