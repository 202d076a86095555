import { IkedError } from './util/error.ts';

/** Exit codes of the daemon: scripts and service managers tell causes apart by them. */
export const ExitCode = {
  OK: 0,
  /** A mistake of ours. */
  INTERNAL: 1,
  /** Unknown arguments. */
  USAGE: 2,
  /** strongswan.conf is missing, unreadable or wrong. */
  CONFIG: 3,
  /** An IKE port is in use. */
  PORT_IN_USE: 4,
  /** Not allowed: CAP_NET_ADMIN or CAP_NET_BIND_SERVICE is missing. */
  NOT_PERMITTED: 5,
  /** The kernel cannot do IPsec. */
  NO_IPSEC: 6,
  /** The VICI socket cannot be opened. */
  VICI_SOCKET: 7,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The daemon cannot start: one sentence that says what to do. */
export class StartupError extends IkedError {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super('STARTUP', message, options);
    this.exitCode = exitCode;
  }
}
