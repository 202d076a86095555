import type { ConfNode } from '../../../config/conf-tree.ts';
import type { ConnectionConfig } from '../../../config/connection-types.ts';
import type { PoolConfig } from '../../../config/pool.ts';
import type { AuthorityConfig } from '../../../contracts/credentials.ts';
import type { Crypto } from '../../../contracts/crypto.ts';
import type { OperatorFiles } from '../../../contracts/operator-files.ts';
import { Credentials } from '../../../credentials/credentials.ts';
import { SharedKeyStore } from '../../../credentials/shared-keys.ts';
import { InProcessKeys } from '../../../keyd/in-process.ts';
import type { Identity } from '../../../proto/identity.ts';
import type { Findings } from './finding.ts';

/** One named section and what the daemon's reader made of it. */
export interface Checked<T> {
  readonly name: string;
  readonly node: ConfNode;
  /** False if the daemon would refuse it. */
  readonly loads: boolean;
  /** What could be read of it. */
  readonly value: T | undefined;
}

/** What checks work with. */
export interface CheckWorld {
  readonly crypto: Crypto;
  readonly files: OperatorFiles;
  /** Folder of the credentials. */
  readonly base: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Whether somebody types passphrases when the configuration is loaded. */
  readonly prompts: boolean;
  readonly findings: Findings;
}

/** A shared secret that could be loaded, without the secret. */
export interface CheckedSecret {
  readonly name: string;
  readonly node: ConfNode;
  readonly type: string;
  /** None: everybody. */
  readonly owners: readonly Identity[];
}

/** What the folders of credentials hold. */
export interface LoadedFiles {
  /** Private keys that could be read, and the files they came from. */
  readonly keys: readonly { readonly path: string; readonly keyId: string }[];
  /** Files of private keys that only somebody who types the passphrase can open. */
  readonly sealed: number;
  /** Whether any CA certificate was loaded. */
  readonly trustsSomebody: boolean;
}

/** A daemon's memory without a daemon: everything that could be loaded is in it. */
export class CheckedConfig {
  readonly connections: Checked<ConnectionConfig>[] = [];
  readonly pools: Checked<PoolConfig>[] = [];
  readonly authorities: Checked<AuthorityConfig>[] = [];
  /** Sections of `secrets` with shared keys. */
  readonly secrets: CheckedSecret[] = [];
  readonly sharedKeys = new SharedKeyStore();
  readonly privateKeys: InProcessKeys;
  readonly credentials: Credentials;

  constructor(crypto: Pick<Crypto, 'signatures' | 'hash'>) {
    const { signatures } = crypto;
    this.privateKeys = new InProcessKeys(signatures);
    this.credentials = new Credentials({
      tools: {
        publicKey: (spki) => signatures.publicKey(spki),
        hash: (name, ...chunks) => crypto.hash(name, ...chunks),
      },
      keys: this.privateKeys,
      rdnMatching: () => 'strict',
    });
  }
}
