import { afterEach, beforeEach } from 'vitest';
import { NetNamespace } from './net-namespace.ts';

/** A network namespace for each test of a `describe`, which this process is in meanwhile. */
export class OwnNamespace {
  #current: NetNamespace | undefined;

  /** To be said in the `describe`. */
  forEach(): void {
    beforeEach(() => {
      this.#current = new NetNamespace();
    });
    afterEach(() => this.#current?.[Symbol.dispose]());
  }

  /** Runs `ip` with these arguments in it; returns what that printed. */
  ip(command: string): string {
    if (this.#current === undefined) throw new Error('no test is running');
    return this.#current.ip(command);
  }
}
