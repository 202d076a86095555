import type { Clock, Timer } from '../../daemon/contracts/clock.ts';
import type {
  CredentialFile,
  CredentialFileSettings,
  CredentialFileSource,
  FileChanges,
} from '../../daemon/contracts/credential-files.ts';
import { type ReadRules, readCredentialFile } from './read-file.ts';
import { type FoundFile, type Scan, scan } from './scan.ts';
import { Watchers } from './watchers.ts';

/** Milliseconds without a change after which files are looked at; a copy of several takes a moment. */
const QUIET = 250;
/** Milliseconds after which they are looked at although changes go on. */
const PATIENCE = 2000;
/** State of a file that is to be read again: no file has it. */
const FORGOTTEN = '';

/** What the source works with beside its settings. */
export interface SourceHost {
  readonly clock: Clock;
  readonly uid: number | undefined;
}

type Handler = (changes: FileChanges) => Promise<void>;

/** The files of a swanctl directory: watched, and looked at from time to time as well. */
export class DirectorySource implements CredentialFileSource {
  readonly #settings: CredentialFileSettings;
  readonly #clock: Clock;
  readonly #rules: ReadRules;
  readonly #watchers = new Watchers(() => this.#touched());
  /** State of the file that was told, or refused, by path. */
  readonly #known = new Map<string, string>();
  /** Paths of private keys. */
  readonly #secrets = new Set<string>();
  /** Problems of folders, which are told once. */
  readonly #told = new Map<string, string>();
  #handler: Handler = () => Promise.resolve();
  #rounds: Promise<void> = Promise.resolve();
  #quiet: Timer | undefined;
  #touchedSince: number | undefined;
  #interval: Timer | undefined;
  /** Directories that are watched. */
  #watched = '';
  #closed = false;

  constructor(settings: CredentialFileSettings, { clock, uid }: SourceHost) {
    this.#settings = settings;
    this.#clock = clock;
    this.#rules = { strictPermissions: settings.strictPermissions, uid };
  }

  async start(handle: Handler): Promise<void> {
    this.#handler = handle;
    await this.rescan();
    this.#tick();
  }

  rescan(): Promise<void> {
    const round = this.#rounds.then(() => this.#look());
    // One that failed does not keep others from looking.
    this.#rounds = round.catch(() => undefined);
    return round;
  }

  rereadKeys(): Promise<void> {
    for (const path of this.#secrets) this.#known.set(path, FORGOTTEN);
    return this.rescan();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#quiet?.cancel();
    this.#interval?.cancel();
    this.#watchers[Symbol.dispose]();
    await this.#rounds;
  }

  #tick(): void {
    if (this.#closed) return;
    this.#interval = this.#clock.after(this.#settings.interval * 1000, () => {
      void this.rescan().finally(() => this.#tick());
    });
  }

  #touched(): void {
    if (this.#closed) return;
    const now = this.#clock.now();
    this.#touchedSince ??= now;
    this.#quiet?.cancel();
    const wait = Math.max(0, Math.min(QUIET, this.#touchedSince + PATIENCE - now));
    this.#quiet = this.#clock.after(wait, () => {
      this.#touchedSince = undefined;
      void this.rescan().catch(() => undefined);
    });
  }

  async #look(): Promise<void> {
    if (this.#closed) return;
    const found = await scan(this.#settings.directory);
    const problems = this.#folderProblems(found);
    const files: CredentialFile[] = [];
    for (const file of found.files) {
      if (this.#known.get(file.path) === file.signature) continue;
      const read = await this.#read(file);
      if (typeof read === 'string') problems.push(read);
      else if (read !== undefined) files.push(read);
    }
    const removed = this.#removed(found);
    if (files.length + removed.length > 0 || this.#watched !== watchKey(found)) {
      this.#watched = watchKey(found);
      this.#watchers.set(found.watchable);
    }
    if (files.length + removed.length + problems.length === 0) return;
    await this.#handler({ files, removed, problems });
  }

  /** The file, a sentence about why it is left out, or nothing while it is being written. */
  async #read(found: FoundFile): Promise<CredentialFile | string | undefined> {
    const { path, rules } = found;
    const read = await readCredentialFile(found, this.#rules);
    if (read.kind === 'moving') {
      this.#touched();
      return undefined;
    }
    this.#known.set(path, read.kind === 'read' ? read.signature : found.signature);
    if (rules.secret) this.#secrets.add(path);
    if (read.kind === 'read') return { path, folder: rules.folder, data: read.data };
    return `'${path}' is not used: ${read.reason}`;
  }

  #removed({ files, unreadable }: Scan): readonly string[] {
    const there = new Set(files.map(({ path }) => path));
    const gone = [...this.#known.keys()].filter(
      (path) =>
        !there.has(path) && ![...unreadable.keys()].some((folder) => path.startsWith(`${folder}/`)),
    );
    for (const path of gone) {
      this.#known.delete(path);
      this.#secrets.delete(path);
    }
    return gone;
  }

  #folderProblems({ unreadable }: Scan): string[] {
    const fresh = [...unreadable].filter(([folder, why]) => this.#told.get(folder) !== why);
    this.#told.clear();
    for (const [folder, why] of unreadable) this.#told.set(folder, why);
    return fresh.map(([folder, why]) => `'${folder}' is left as it was read last: ${why}`);
  }
}

function watchKey({ watchable }: Scan): string {
  return [...watchable].join('\n');
}
