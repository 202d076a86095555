import { getSystemErrorMessage } from 'node:util';
import type { Clock, Timer } from '../contracts/clock.ts';
import type { LocalDatagramSender } from '../contracts/local-datagram.ts';

/** What a service manager is told. */
export type ServiceState = 'ready' | 'stopping';

/** What systemd puts into the environment of a service, sd_notify(3) and sd_watchdog_enabled(3). */
export interface NotifyEnvironment {
  readonly NOTIFY_SOCKET?: string | undefined;
  readonly WATCHDOG_USEC?: string | undefined;
  readonly WATCHDOG_PID?: string | undefined;
}

/**
 * Tells systemd (`Type=notify`) what the daemon is doing, by datagrams of the daemon's own process, so that `NotifyAccess=main` is
 * enough. `manager` leads to its `NOTIFY_SOCKET`: without one nothing happens. Failures are handed to `onError`: a daemon that works must not die of its manager.
 */
export class NotifySocket {
  readonly #keepAlive: number;
  readonly #onError: (error: unknown) => void;
  readonly #manager: LocalDatagramSender | undefined;
  #alive: Timer | undefined;

  constructor(
    environment: NotifyEnvironment,
    onError: (error: unknown) => void,
    manager: LocalDatagramSender | undefined,
    pid = process.pid,
  ) {
    this.#keepAlive = keepAliveInterval(environment, pid);
    this.#onError = onError;
    this.#manager = manager;
  }

  /** Says that the daemon serves, or that it is about to end. */
  tell(state: ServiceState): void {
    if (state === 'stopping') this.#alive?.cancel();
    this.#say(state === 'ready' ? 'READY=1' : 'STOPPING=1');
  }

  /**
   * From now on says regularly, from the event loop, that it still turns (`WatchdogSec=`): twice as often as asked for. With each of
   * them goes a line for `systemctl status`.
   */
  startWatchdog(clock: Clock, status: () => string): void {
    if (this.#manager === undefined || this.#keepAlive === 0) return;
    const again = (): void => {
      this.#alive = clock.after(this.#keepAlive, again);
      this.#say(`WATCHDOG=1\nSTATUS=${status().replaceAll('\n', ' ')}`);
    };
    again();
  }

  #say(lines: string): void {
    const errno = this.#manager?.send(new TextEncoder().encode(lines)) ?? 0;
    if (errno !== 0)
      this.#onError(`the service manager cannot be told: ${getSystemErrorMessage(-errno)}`);
  }
}

// Milliseconds; 0 if nobody waits for us. WATCHDOG_PID is of a parent if that did not clear its environment.
function keepAliveInterval(environment: NotifyEnvironment, pid: number): number {
  const { WATCHDOG_USEC = '', WATCHDOG_PID = String(pid) } = environment;
  if (!/^\d{1,15}$/.test(WATCHDOG_USEC) || WATCHDOG_PID !== String(pid)) return 0;
  return Math.floor(Number(WATCHDOG_USEC) / 2000);
}
