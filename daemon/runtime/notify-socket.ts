import { execFile } from 'node:child_process';

/** What a service manager is told. */
export type ServiceState = 'ready' | 'stopping' | 'reloading';

/** Delivers one datagram of `KEY=value` lines to the socket named by `NOTIFY_SOCKET`. */
export type NotifySender = (lines: readonly string[]) => Promise<void>;

/** Milliseconds the helper may take. */
const HELPER_TIMEOUT = 5000;

/**
 * Tells systemd (`Type=notify` or `notify-reload`) what the daemon is doing, sd_notify(3). Without `NOTIFY_SOCKET` nothing
 * happens. Failures are handed to `onError`: a daemon that works must not die of its manager.
 */
export class NotifySocket {
  readonly #send: NotifySender | undefined;
  readonly #onError: (error: unknown) => void;

  constructor(
    environment: { readonly NOTIFY_SOCKET?: string | undefined },
    onError: (error: unknown) => void,
    send: NotifySender = systemdNotify,
  ) {
    this.#send = environment.NOTIFY_SOCKET ? send : undefined;
    this.#onError = onError;
  }

  /** Whether anybody listens. */
  get present(): boolean {
    return this.#send !== undefined;
  }

  /** Resolves when the message is delivered or has failed. */
  async tell(state: ServiceState): Promise<void> {
    try {
      await this.#send?.(linesOf(state));
    } catch (error) {
      this.#onError(error);
    }
  }
}

function linesOf(state: ServiceState): readonly string[] {
  if (state === 'ready') return ['READY=1'];
  if (state === 'stopping') return ['STOPPING=1'];
  // systemd matches the reload it asked for by CLOCK_MONOTONIC, which is what hrtime reads.
  return ['RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`];
}

/**
 * Sends through systemd-notify(1), because Node has no UNIX datagram sockets. Started as root it speaks in the
 * name of its parent, so that `NotifyAccess=main` is enough; without CAP_SYS_ADMIN the unit needs `NotifyAccess=exec`.
 */
function systemdNotify(lines: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile('systemd-notify', lines, { timeout: HELPER_TIMEOUT }, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
