import { execFileSync } from 'node:child_process';
import { reference } from './native-reference.ts';

/** A network namespace of this process's own, with loopback up, until it is disposed. */
export class NetNamespace implements Disposable {
  readonly #old: number;

  constructor() {
    this.#old = reference.enterNewNamespace();
    if (this.#old < 0) throw new Error(`no new network namespace: errno ${-this.#old}`);
    this.ip('link set lo up');
  }

  /** Runs `ip` with these arguments, separated by single spaces, and returns what it prints. */
  ip(command: string): string {
    return execFileSync('ip', command.split(' '), { encoding: 'utf8' });
  }

  [Symbol.dispose](): void {
    const failed = reference.leaveNamespace(this.#old);
    if (failed < 0) throw new Error(`cannot return to the old network namespace: errno ${-failed}`);
  }
}
