import { type FSWatcher, watch } from 'node:fs';

/** Watches directories. What it cannot watch it leaves to whoever looks from time to time. */
export class Watchers implements Disposable {
  readonly #changed: () => void;
  readonly #watchers = new Set<FSWatcher>();

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Watches these and no others: a link of the same name may lead to another directory now. */
  set(directories: Iterable<string>): void {
    this[Symbol.dispose]();
    for (const directory of directories) this.#add(directory);
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers.clear();
  }

  #add(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, () => this.#changed());
      watcher.on('error', () => {
        watcher.close();
        this.#watchers.delete(watcher);
      });
      this.#watchers.add(watcher);
    } catch {
      // Not there, not readable, or the limit of inotify: the next look finds what changed.
    }
  }
}
