/** Characters of a text that is kept because of what a peer sent. */
const LONGEST = 300;

/** A text that a peer may have made long, at most 300 characters of it. */
export function clipped(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}
