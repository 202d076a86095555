import type { CredentialReader } from '../config/credential-reader.ts';
import type { DaemonOptions } from '../config/options.ts';
import type { Clock } from '../contracts/clock.ts';
import type { CredentialControl } from '../contracts/credentials.ts';
import type { Crypto } from '../contracts/crypto.ts';
import type { LogHub } from '../contracts/logger.ts';
import type { PrivateKeys } from '../contracts/signatures.ts';
import type { StreamSystem } from '../contracts/stream.ts';
import type { Control } from '../control/control.ts';
import type { Identity } from '../proto/identity.ts';
import type { Secret } from '../util/secret.ts';

/** Kinds of shared secrets as VICI names them; `xauth` is the same as `eap`. */
export type SharedKeyType = 'ike' | 'eap' | 'ntlm' | 'ppk';

/** A secret to store, which belongs to the store from then on. */
export interface SharedKeyInput {
  /** Absent: it can only be removed by clearing everything. */
  readonly id?: string;
  readonly type: SharedKeyType;
  readonly data: Secret;
  readonly owners: readonly Identity[];
}

/** What VICI needs of the store of shared secrets. */
export interface SharedKeys {
  /** Adds a secret or replaces the one with the same id. */
  load(key: SharedKeyInput): void;
  /** Removes a secret; whether there was one. */
  unload(id: string): boolean;
  clear(): void;
  /** Ids of the secrets that have one. */
  ids(): readonly string[];
}

/** Names that `version` reports. */
export interface HostInfo {
  /** Process name: `charon`. */
  readonly daemon: string;
  readonly version: string;
  readonly sysname: string;
  readonly release: string;
  readonly machine: string;
}

/** Everything the VICI server works with, handed in by the composition root. */
export interface ViciServices {
  readonly control: Control;
  readonly keys: SharedKeys;
  readonly privateKeys: PrivateKeys;
  readonly credentials: CredentialControl;
  /** Reads what connections carry. */
  readonly credentialReader: CredentialReader;
  readonly crypto: Crypto;
  readonly hub: LogHub;
  /** The options in force now. */
  readonly options: () => DaemonOptions;
  readonly clock: Clock;
  readonly streams: StreamSystem;
  readonly host: HostInfo;
}
