import type { CredentialFile } from '../../daemon/contracts/credential-files.ts';

type Folder = CredentialFile['folder'];

/** How files of a folder are treated. */
export interface FolderRules {
  readonly folder: Folder;
  /** Octets of a file at most. */
  readonly limit: number;
  readonly secret: boolean;
}

const KIB = 1024;

/** Certificates and keys are small, chains of them a little larger; lists of revoked certificates have no natural end. */
export const FOLDERS: readonly FolderRules[] = [
  ...(['x509', 'x509ca', 'x509aa', 'x509ocsp', 'x509ac', 'pubkey'] as const).map((folder) => ({
    folder,
    limit: 1024 * KIB,
    secret: false,
  })),
  { folder: 'x509crl', limit: 32 * 1024 * KIB, secret: false },
  ...(['private', 'rsa', 'ecdsa', 'pkcs8'] as const).map((folder) => ({
    folder,
    limit: 64 * KIB,
    secret: true,
  })),
];
