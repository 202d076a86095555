import { NotifyType } from '../proto/iana/notify-types.ts';
import { IkedError } from '../util/error.ts';

/** Details of a {@link DecodeError}. */
export interface DecodeFailure {
  /** Where it was found: a payload's short name, `header`, `chain`, `message`, `SK` or `SKF`. */
  readonly payload: string;
  /** Octets from the start of the datagram, or of the decrypted content for what was inside SK. */
  readonly offset: number;
  /** One phrase for the log, without any octets of the message. */
  readonly reason: string;
  /** What RFC 7296 would have us tell an authenticated peer; INVALID_SYNTAX unless given. */
  readonly notify?: number;
  /** The type of the payload whose critical bit was set, for UNSUPPORTED_CRITICAL_PAYLOAD. */
  readonly criticalType?: number;
}

/** A message that is not what the RFC says it must be: always the peer's fault or an attacker's. */
export class DecodeError extends IkedError {
  readonly payload: string;
  readonly offset: number;
  readonly reason: string;
  /** INVALID_SYNTAX, UNSUPPORTED_CRITICAL_PAYLOAD, INVALID_MAJOR_VERSION or AUTHENTICATION_FAILED. */
  readonly notify: number;
  /** Only with UNSUPPORTED_CRITICAL_PAYLOAD: what its notification data has to say. */
  readonly criticalType?: number;
  #authenticated = false;

  constructor(failure: DecodeFailure, code = 'DECODE') {
    super(code, `${failure.payload} at octet ${failure.offset}: ${failure.reason}`);
    this.payload = failure.payload;
    this.offset = failure.offset;
    this.reason = failure.reason;
    this.notify = failure.notify ?? NotifyType.INVALID_SYNTAX;
    if (failure.criticalType !== undefined) this.criticalType = failure.criticalType;
  }

  /**
   * Whether the integrity of the message was proved before this was found. Only then is it the peer who erred and
   * may be told (RFC 7296 section 2.21); anything else may be an attacker's, and must change nothing.
   */
  get authenticated(): boolean {
    return this.#authenticated;
  }

  /** Runs what reads authenticated octets: a {@link DecodeError} from it says so. */
  static whileAuthenticated<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof DecodeError) error.#authenticated = true;
      throw error;
    }
  }
}

/**
 * The integrity check failed: nothing of the message may be believed and nothing may be answered. Bad padding
 * behind a good checksum is a plain, authenticated {@link DecodeError}, as the peer itself wrote it.
 */
export class IntegrityError extends DecodeError {
  constructor(payload: string, offset: number) {
    super({ payload, offset, reason: 'integrity check failed' }, 'INTEGRITY');
  }
}
