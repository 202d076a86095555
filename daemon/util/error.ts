/**
 * Base of every error this project throws on purpose. `code` is stable and documented; `message` is one
 * sentence for a person and never contains key material.
 */
export class IkedError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A broken invariant of our own: logged with its stack, closes one IKE_SA, never the daemon. */
export class InternalError extends IkedError {
  constructor(message: string, options?: ErrorOptions) {
    super('INTERNAL', message, options);
  }
}

/** The operator's mistake: what was found, where, and what is allowed. */
export class ConfigError extends IkedError {
  /** Option key or `file:line:column`. */
  readonly path: string;

  constructor(path: string, message: string, options?: ErrorOptions) {
    super('CONFIG', message, options);
    this.path = path;
  }
}

/** The text of whatever was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
