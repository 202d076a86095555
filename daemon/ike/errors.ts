import type { ConnectionConfig } from '../config/connection-types.ts';
import { IkedError } from '../util/error.ts';
import type { Failure } from './attempts/failure.ts';

/** What an error may carry besides its sentence. */
interface FailureOptions extends ErrorOptions {
  readonly failure?: Failure | undefined;
}

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
  readonly failure: Failure | undefined;

  constructor(message: string, options?: FailureOptions) {
    super('AUTHENTICATION', message, options);
    this.failure = options?.failure;
  }
}

/** It is us who could not be authenticated: a secret, a key or a certificate of ours is missing. */
export class OwnAuthenticationError extends AuthenticationError {}

/** What keeps a peer from one connection. */
export interface Refusal {
  readonly connection: ConnectionConfig;
  readonly reason: string;
  readonly failure?: Failure | undefined;
}

/** The peer met the demands of no connection that it may belong to; the message is that of the best one. */
export class RefusedByAll extends AuthenticationError {
  /** The best one first, not all of them if there are many. */
  readonly refusals: readonly Refusal[];

  constructor(message: string, refusals: readonly Refusal[]) {
    super(message, { failure: refusals[0]?.failure });
    this.refusals = refusals;
  }
}

/**
 * Establishing ended without an SA, as foreseen by the protocol: no proposal in common, a refusal by the peer, silence.
 * `permanent` says that trying again with the same configuration cannot help.
 */
export class EstablishError extends IkedError {
  readonly failure: Failure | undefined;

  constructor(message: string, options?: FailureOptions) {
    super('NOT_ESTABLISHED', message, options);
    this.failure = options?.failure;
  }
}

/** There was nobody to talk to: a name did not resolve, or there was no route. Trying again later may help. */
export class UnreachableError extends EstablishError {}
