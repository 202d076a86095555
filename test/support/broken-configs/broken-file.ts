/** A configuration that is broken in one way, and what is to be said of it. */
export interface BrokenFile {
  /** What is wrong with it. */
  readonly name: string;
  /** The main file. */
  readonly text: string | Uint8Array;
  /** Other files, by path; relative ones are beside the main file. */
  readonly more?: Readonly<Record<string, string | Uint8Array>>;
  /** Every error, with its place: `file:line:column: …`. None: it may be loaded all the same. */
  readonly errors: readonly string[];
}

/** Text as ISO 8859-1, which is no UTF-8 where it has characters beyond ASCII. */
export function latin1Octets(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** Text as UTF-16 with a byte order mark, as some editors write it. */
export function utf16Octets(text: string): Uint8Array {
  return Uint8Array.from(
    [...`\ufeff${text}`].flatMap((char) => {
      const code = char.charCodeAt(0);
      return [code & 0xff, code >>> 8];
    }),
  );
}
