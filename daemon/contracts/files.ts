/** Reading of configuration files: small, rare and before anything depends on them, hence synchronous. */
export interface Files {
  /**
   * The whole text of a regular file, UTF-8. Throws an `Error` whose message is the reason alone
   * (`no such file or directory`), without the path.
   */
  readText(path: string): string;
  /**
   * Paths that match a shell pattern (`*`, `?`, `[…]`, backslash quotes), sorted; none is no error. A relative
   * pattern starts at the directory of the file `relativeTo`.
   */
  glob(pattern: string, relativeTo: string): readonly string[];
}
