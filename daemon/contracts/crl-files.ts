/** A CRL that was kept. */
export interface KeptCrl {
  readonly name: string;
  /** Whatever the file holds. */
  readonly octets: Uint8Array;
}

/**
 * CRLs that outlive the process, one a file in one folder. Names are 1 to 100 characters of letters, digits, `_` and `-`; any other is
 * refused.
 */
export interface CrlFiles {
  /** Path of the file of a name, for the log. */
  pathOf(name: string): string;
  /** What was kept, bounded in number and size. Never rejects: what cannot be read is left out. */
  read(): Promise<readonly KeptCrl[]>;
  /** Replaces the file in one step: who reads it sees the old content or the new. Rejects with an `Error` whose message is the reason. */
  write(name: string, octets: Uint8Array): Promise<void>;
}
