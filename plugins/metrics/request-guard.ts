import type { IncomingMessage } from 'node:http';

/** Why a request is refused. */
export interface Refusal {
  readonly status: 403 | 404 | 405 | 413;
  readonly reason: string;
}

/** Names that lead to this host and nowhere else. Anything else may be a name of an attacker that was bound anew. */
const LOCAL_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::(\d{1,5}))?$/i;

/**
 * Whether a request may be answered: a GET without a body, for a name of this host and our port. A page in a browser of this
 * host can send requests here under a name of its own (DNS rebinding); its name in `Host` gives it away.
 */
export function refuses(request: IncomingMessage, port: number): Refusal | undefined {
  const match = LOCAL_HOST.exec(request.headers.host ?? '');
  const asked = match?.[1];
  if (match === null || (asked !== undefined && Number(asked) !== port)) {
    return { status: 403, reason: 'this address is served under names of the loopback only' };
  }
  if (request.method !== 'GET') return { status: 405, reason: 'only GET is answered' };
  const length = request.headers['content-length'];
  if ((length !== undefined && length !== '0') || 'transfer-encoding' in request.headers) {
    return { status: 413, reason: 'a request has no body' };
  }
  return undefined;
}
