import type { ChildConfig, ConnectionConfig } from '../config/connection-types.ts';
import type { AcquireEvent } from '../contracts/kernel.ts';
import type { Logger } from '../contracts/logger.ts';
import type { PolicyView } from '../contracts/views.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import { errorText } from '../util/error.ts';
import { KeyedSerial } from '../util/keyed-serial.ts';
import type { ChildMarks, TrapNumbers } from './child-marks.ts';
import { Shunts } from './shunts.ts';
import { type AttemptFor, type TrapEnvironment, Traps } from './traps.ts';

/** What is known of an installed policy besides what it does. */
interface Origin {
  readonly connection: string;
  readonly child: string;
  /** Installed because of `start_action`; otherwise by request, or by another action. */
  readonly started: boolean;
}

/** Traps and shunts by the child they are made of, one operation at a time for each. */
export class PolicyBook {
  readonly #traps: Traps;
  readonly #shunts: Shunts;
  readonly #serial = new KeyedSerial();
  readonly #origins = new Map<string, Origin>();
  /** Keys by the name of the child, in order of installation. */
  readonly #byChild = new Map<string, Set<string>>();

  constructor(env: TrapEnvironment, attempt: AttemptFor, numbers: TrapNumbers) {
    this.#traps = new Traps(env, attempt, numbers);
    this.#shunts = new Shunts(env);
  }

  /** Installs the trap of a child, or its shunt, or renews it. Rejects if that fails, leaving an older one as it was. */
  install(connection: ConnectionConfig, child: ChildConfig, started: boolean): Promise<void> {
    const key = keyOf(connection.name, child.name);
    return this.#serial.run(key, async () => {
      const { mode } = child;
      const shunt = mode === 'pass' || mode === 'drop';
      if (shunt) await this.#shunts.install(key, mode, connection, child);
      else await this.#traps.install(key, connection, child);
      // The child may have been something else before.
      await (shunt ? this.#traps : this.#shunts).uninstall(key);
      this.#origins.set(key, { connection: connection.name, child: child.name, started });
      const keys = this.#byChild.get(child.name) ?? new Set();
      this.#byChild.set(child.name, keys.add(key));
    });
  }

  /** Installs traps for children of these names that have none yet; failures are logged. */
  async ensure(
    connection: ConnectionConfig,
    children: readonly string[],
    log: Logger,
  ): Promise<void> {
    for (const name of children) {
      const child = connection.children.get(name);
      if (child === undefined || this.#origins.has(keyOf(connection.name, name))) continue;
      log.log('ike', 1, `installing trap for CHILD_SA ${name}`);
      try {
        await this.install(connection, child, false);
      } catch (error) {
        log.log('ike', 1, `installing trap for CHILD_SA ${name} failed: ${errorText(error)}`);
      }
    }
  }

  /** What meets the trap of a child, if it has one, asks for nothing for so many milliseconds; of a wildcard trap: towards this peer. */
  hold(connection: string, child: string, peer: IpAddress, millis: number): void {
    this.#traps.hold(keyOf(connection, child), peer, millis);
  }

  /** Removes the policy of a child; false if there is none. */
  uninstall(connection: string, child: string): Promise<boolean> {
    const key = keyOf(connection, child);
    return this.#serial.run(key, async () => {
      this.#origins.delete(key);
      const keys = this.#byChild.get(child);
      keys?.delete(key);
      if (keys?.size === 0) this.#byChild.delete(child);
      return (await this.#shunts.uninstall(key)) || (await this.#traps.uninstall(key));
    });
  }

  /** Whether a child has one, and whether `start_action` is the reason. */
  installed(connection: string, child: string): 'no' | 'started' | 'requested' {
    // Thousands of connections are loaded, and few of them have any.
    const none = this.#origins.size === 0;
    const origin = none ? undefined : this.#origins.get(keyOf(connection, child));
    if (origin === undefined) return 'no';
    return origin.started ? 'started' : 'requested';
  }

  /** The first policy of a child of that name: shunts before traps, each in order of installation. */
  find(child: string, connection?: string): Origin | undefined {
    if (connection !== undefined) return this.#origins.get(keyOf(connection, child));
    const keys = [...(this.#byChild.get(child) ?? [])];
    return this.#origins.get(keys.find((key) => this.#shunts.has(key)) ?? keys[0] ?? '');
  }

  /** Traps first, then shunts, each in order of installation. */
  views(): readonly PolicyView[] {
    return [...this.#traps.views(), ...this.#shunts.views()];
  }

  /** Marks and interface ids of the trap of a child, if it has one that leaves the same choice. */
  trapMarks(connection: ConnectionConfig, child: ChildConfig): ChildMarks | undefined {
    return this.#traps.marksOf(keyOf(connection.name, child.name), connection, child);
  }

  acquire(event: AcquireEvent): void {
    this.#traps.acquire(event);
  }

  /** Nothing asks for CHILD_SAs any more; the policies stay until the kernel's state is cleared. */
  close(): void {
    this.#traps.close();
  }
}

function keyOf(connection: string, child: string): string {
  return JSON.stringify([connection, child]);
}
