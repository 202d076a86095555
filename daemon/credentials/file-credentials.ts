import type { Clock, Timer } from '../contracts/clock.ts';
import type {
  CertificateFolder,
  CredentialFile,
  FileChanges,
  KeyFolder,
} from '../contracts/credential-files.ts';
import type { Logger } from '../contracts/logger.ts';
import type { KeyType, PrivateKeys } from '../contracts/signatures.ts';
import type { Credentials } from './credentials.ts';
import { describeCredential } from './describe-credential.ts';
import { FOLDER_KINDS, leafOf, refusalOf } from './file-certificates.ts';
import type { LoadedCredential } from './stored.ts';

/** What files are turned into credentials with. */
export interface FileCredentialServices {
  readonly credentials: Pick<Credentials, 'read' | 'store'>;
  readonly keys: Pick<PrivateKeys, 'load' | 'unload' | 'find'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A file of certificates: what is in use of it, and what was found since and cannot be used yet. */
interface CertificateFile {
  current: readonly LoadedCredential[];
  fresh?: { readonly credentials: readonly LoadedCredential[]; complaint: string } | undefined;
}

const KEY_KINDS: Readonly<Record<KeyFolder, KeyType['kind'] | undefined>> = {
  private: undefined,
  rsa: 'rsa',
  ecdsa: 'ecdsa',
  pkcs8: undefined,
};

/** Longest sleep of a timer, milliseconds. */
const A_DAY = 86_400_000;

/**
 * Certificates and private keys from files. A new certificate and its new key may come in any order and are used together: until both
 * are here, authentication goes on with the old ones, and an old key stays as long as a certificate in use needs it.
 */
export class FileCredentials implements Disposable {
  readonly #services: FileCredentialServices;
  readonly #certificates = new Map<string, CertificateFile>();
  /** Id of the key in each file. */
  readonly #keys = new Map<string, string>();
  /** Ids of keys that were replaced, and where, until that was told: a certificate in use may still need them. */
  readonly #replaced = new Map<string, string>();
  #timer: Timer | undefined;

  constructor(services: FileCredentialServices) {
    this.#services = services;
  }

  /** Takes over what changed. Never rejects: whatever cannot be used is logged, and what was there before stays. */
  async handle(changes: FileChanges): Promise<void> {
    const { log } = this.#services;
    for (const problem of changes.problems) log.log('cfg', 0, problem);
    for (const path of changes.removed) await this.#remove(path);
    for (const { path, folder, data } of changes.files) {
      if (isKeyFolder(folder)) await this.#readKey(path, folder, data);
    }
    for (const { path, folder, data } of changes.files) {
      if (!isKeyFolder(folder)) this.#readCertificates(path, folder, data);
    }
    await this.#settle();
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }

  async #remove(path: string): Promise<void> {
    const { log, credentials } = this.#services;
    const keyId = this.#keys.get(path);
    if (keyId !== undefined) {
      this.#keys.delete(path);
      log.log('cfg', 1, `'${path}' is gone, its private key ${keyId} is not used any more`);
      await this.#unload(keyId);
    }
    const file = this.#certificates.get(path);
    if (file === undefined) return;
    this.#certificates.delete(path);
    credentials.store.clear(`file:${path}`);
    log.log('cfg', 1, `'${path}' is gone, its contents are not used any more`);
  }

  async #readKey(path: string, folder: KeyFolder, data: Uint8Array): Promise<void> {
    const { keys, log } = this.#services;
    const kind = KEY_KINDS[folder];
    const loaded = await keys.load({
      data,
      origin: 'file',
      ...(kind === undefined ? {} : { kind }),
    });
    data.fill(0);
    const before = this.#keys.get(path);
    if (!loaded.ok) {
      const kept = before === undefined ? '' : `, private key ${before} stays in use`;
      log.log('cfg', 0, `private key in '${path}' is not used: ${loaded.reason}${kept}`);
      return;
    }
    const { keyId } = loaded.key.publicKey;
    if (before === keyId) return;
    this.#keys.set(path, keyId);
    this.#replaced.delete(keyId);
    if (before !== undefined) this.#replaced.set(before, path);
    log.log('cfg', 1, `loaded private key ${keyId} from '${path}'`);
  }

  #readCertificates(path: string, folder: CertificateFolder, data: Uint8Array): void {
    const { credentials, log } = this.#services;
    const { type, flag } = FOLDER_KINDS[folder];
    const read = credentials.read(type, flag, data);
    const file = this.#certificates.get(path) ?? { current: [] };
    if (!read.ok) {
      file.fresh = undefined;
      log.log('cfg', 0, `'${path}' is not used: ${read.explanation}${kept(file)}`);
      return;
    }
    file.fresh = { credentials: read.credentials, complaint: '' };
    this.#certificates.set(path, file);
  }

  async #settle(): Promise<void> {
    this.#useFresh();
    const needed = new Set<string>();
    for (const { current } of this.#certificates.values()) {
      const keyId = leafOf(current)?.publicKey?.keyId;
      if (keyId !== undefined) needed.add(keyId);
    }
    for (const [keyId, path] of this.#replaced) {
      if (!needed.has(keyId)) {
        this.#replaced.delete(keyId);
        await this.#unload(keyId);
      } else if (path !== '') {
        this.#replaced.set(keyId, '');
        this.#services.log.log(
          'cfg',
          0,
          `the private key in '${path}' and the certificate in use do not belong together: private key ${keyId} stays in use until a certificate for the new one is here`,
        );
      }
    }
  }

  async #unload(keyId: string): Promise<void> {
    if ([...this.#keys.values()].includes(keyId)) return;
    await this.#services.keys.unload(keyId, 'file');
  }

  #useFresh(): void {
    const { clock, log } = this.#services;
    let next = Number.POSITIVE_INFINITY;
    const now = clock.wallClock();
    for (const [path, file] of this.#certificates) {
      if (file.fresh === undefined) continue;
      const refusal = refusalOf(path, file.fresh.credentials, file.current, this.#knowledge, now);
      if (refusal === undefined) {
        this.#use(path, file, file.fresh.credentials);
        continue;
      }
      next = Math.min(next, refusal.until ?? next);
      if (file.fresh.complaint === refusal.reason) continue;
      file.fresh.complaint = refusal.reason;
      log.log('cfg', 0, `'${path}' is not used: ${refusal.reason}${kept(file)}`);
    }
    this.#timer?.cancel();
    if (Number.isFinite(next)) {
      this.#timer = clock.after(Math.min(next - now + 1, A_DAY), () => void this.#settle());
    }
  }

  #use(path: string, file: CertificateFile, fresh: readonly LoadedCredential[]): void {
    const { credentials, log } = this.#services;
    credentials.store.replace(`file:${path}`, fresh);
    const rotated = file.current.length > 0;
    file.current = fresh;
    file.fresh = undefined;
    for (const { credential } of fresh) {
      const words = rotated ? 'replaced by' : 'loaded';
      log.log('cfg', 1, `${words} ${describeCredential(credential)} from '${path}'`);
    }
  }

  readonly #knowledge = {
    has: (keyId: string): boolean => this.#services.keys.find(keyId) !== undefined,
    beside: (path: string): readonly string[] =>
      [...this.#keys].flatMap(([other, keyId]) => (stemOf(other) === stemOf(path) ? [keyId] : [])),
  };
}

function isKeyFolder(folder: CredentialFile['folder']): folder is KeyFolder {
  return folder in KEY_KINDS;
}

function kept({ current }: CertificateFile): string {
  const [first] = current;
  if (first === undefined) return '';
  return `; ${describeCredential(first.credential)} stays in use`;
}

/** Name of a file without its folder and its ending. */
function stemOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(0, dot) : name;
}
