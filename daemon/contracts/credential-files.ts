/** Folders of a swanctl directory that hold certificates and the like. */
export type CertificateFolder =
  | 'x509'
  | 'x509ca'
  | 'x509aa'
  | 'x509ocsp'
  | 'x509crl'
  | 'x509ac'
  | 'pubkey';

/** Folders of a swanctl directory that hold private keys. */
export type KeyFolder = 'private' | 'rsa' | 'ecdsa' | 'pkcs8';

/** A file with credentials, as it was found. Whoever gets `data` of a private key wipes it. */
export interface CredentialFile {
  readonly path: string;
  readonly folder: CertificateFolder | KeyFolder;
  readonly data: Uint8Array;
}

/** What is different from the last time. */
export interface FileChanges {
  /** New ones, and those that changed. */
  readonly files: readonly CredentialFile[];
  /** Paths of those that are gone. */
  readonly removed: readonly string[];
  /** Sentences about what was there and could not be used; what was read of it before stays. */
  readonly problems: readonly string[];
}

/** Credentials in files, looked at again whenever they may have changed. */
export interface CredentialFileSource extends AsyncDisposable {
  /**
   * Hands over everything there is, and from then on whatever changes, one call after the other. Resolves when the first was handled.
   * A change is complete before it is told: files that are written together are told together.
   */
  start(handle: (changes: FileChanges) => Promise<void>): Promise<void>;
  /** Looks now. Resolves when what was found is handled. */
  rescan(): Promise<void>;
  /** Looks now and hands over every private key again, changed or not: whoever kept them has lost them. */
  rereadKeys(): Promise<void>;
}

/** Where the files are, and how they are looked at. */
export interface CredentialFileSettings {
  /** The swanctl directory: it has the folders in it. */
  readonly directory: string;
  /** Seconds between looks at everything, for changes of which the file system does not tell. */
  readonly interval: number;
  /** Refuses private keys that others than owner and group may read, or anybody but the owner may write. */
  readonly strictPermissions: boolean;
}
