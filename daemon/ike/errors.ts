import { IkedError } from '../util/error.ts';

/** The peer broke the protocol: which notify tells it so, and whether the IKE_SA must die. */
export class ProtocolError extends IkedError {
  /** Notify type for the wire, or `undefined` for silence. */
  readonly notify: number | undefined;
  readonly closesIkeSa: boolean;

  constructor(
    message: string,
    notify: number | undefined,
    closesIkeSa: boolean,
    options?: ErrorOptions,
  ) {
    super('PROTOCOL', message, options);
    this.notify = notify;
    this.closesIkeSa = closesIkeSa;
  }
}

/**
 * Somebody could not be authenticated. The wire says AUTHENTICATION_FAILED and nothing else; the message, with the
 * reason, goes to our log and to whoever asked for the SA.
 */
export class AuthenticationError extends IkedError {
  constructor(message: string, options?: ErrorOptions) {
    super('AUTHENTICATION', message, options);
  }
}

/** It is us who could not be authenticated: a secret, a key or a certificate of ours is missing. */
export class OwnAuthenticationError extends AuthenticationError {}

/**
 * Establishing ended without an SA, as foreseen by the protocol: no proposal in common, a refusal by the peer, silence.
 * `permanent` says that trying again with the same configuration cannot help.
 */
export class EstablishError extends IkedError {
  constructor(message: string, options?: ErrorOptions) {
    super('NOT_ESTABLISHED', message, options);
  }
}

/** There was nobody to talk to: a name did not resolve, or there was no route. Trying again later may help. */
export class UnreachableError extends EstablishError {}
