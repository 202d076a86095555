import { errnoName } from './errno.ts';

/** A system call or a netlink request that failed: what was attempted, where it failed, and why. */
export class NetlinkError extends Error {
  /** `EEXIST` and the like. */
  readonly code: string;
  /** Positive errno. */
  readonly errno: number;
  /** The system call, or the netlink request that the kernel refused (`XFRM_MSG_NEWSA`). */
  readonly syscall: string;
  /** What was attempted, for people: `add SA esp 0xc0000001 to 192.0.2.1`. Never holds key material. */
  readonly operation: string;
  /** The kernel's own explanation, if it gave one. */
  readonly extAck: string | undefined;

  constructor(operation: string, syscall: string, errno: number, extAck?: string) {
    const code = errnoName(errno);
    super(`${operation}: ${syscall} failed with ${code}${extAck ? ` (${extAck})` : ''}`);
    this.name = 'NetlinkError';
    this.code = code;
    this.errno = Math.abs(errno);
    this.syscall = syscall;
    this.operation = operation;
    this.extAck = extAck;
  }
}

/** Octets from the kernel that do not have the shape they claim; `offset` counts from the start of the message body. */
export class NetlinkDecodeError extends Error {
  readonly code = 'NETLINK_DECODE';
  readonly what: string;
  readonly offset: number;

  constructor(what: string, offset: number, reason: string) {
    super(`${what} at octet ${offset}: ${reason}`);
    this.name = 'NetlinkDecodeError';
    this.what = what;
    this.offset = offset;
  }
}

/** The compiled addon could not be loaded; the message names the files that were tried and the remedy. */
export class AddonLoadError extends Error {
  readonly code = 'ADDON_LOAD';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AddonLoadError';
  }
}

/** Throws {@link NetlinkError} when `result` is a negative errno, else returns it. */
export function checked(result: number, operation: string, syscall: string): number {
  if (result < 0) throw new NetlinkError(operation, syscall, -result);
  return result;
}
