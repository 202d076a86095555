import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Host } from './host.ts';
import { LAB_RESULTS, type RootName } from './paths.ts';

/** A set of hosts that ends as a whole: `await using lab = new Lab('name')` leaves nothing behind. */
export class Lab {
  readonly #folder: string;
  readonly #hosts: Host[] = [];
  #keep = false;

  constructor(name: string) {
    mkdirSync(LAB_RESULTS, { recursive: true });
    this.#folder = mkdtempSync(join(LAB_RESULTS, `${name}.`));
  }

  /** Makes a host that ends with this lab. */
  async host(name: string, root?: RootName): Promise<Host> {
    const host = await Host.create(name, root);
    this.#hosts.push(host);
    return host;
  }

  /** A folder for captures and logs; removed with the lab unless `keepFolder` was called. */
  get folder(): string {
    return this.#folder;
  }

  /** Keeps the folder, for a failure message to point at. */
  keepFolder(): void {
    this.#keep = true;
  }

  /** Ends all hosts. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host[Symbol.asyncDispose]()));
    if (!this.#keep) rmSync(this.#folder, { recursive: true, force: true });
  }
}
