import { type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import { type RequestOptions, request as secureRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { getCACertificates } from 'node:tls';
import { createUnzip } from 'node:zlib';
import { type IpAddress, parseIp } from '../../proto/ip-address.ts';
import { GrowingBody } from './growing-body.ts';
import { failed, type Hop, type HopEnd, pinned } from './hop.ts';

/** Octets of all header fields of an answer. */
const HEADER_LIMIT = 16_384;

/**
 * One HTTP or HTTPS request on a connection of its own, RFC 9110 and 9112. `authorities` are the CA certificates (PEM) that
 * HTTPS servers are checked with.
 */
export function httpHop(hop: Hop, authorities: () => readonly string[]): Promise<HopEnd> {
  return new Promise((resolve) => {
    const request = begin(hop, authorities);
    const connecting = setTimeout(
      () => end(failed(`no connection within ${hop.connectLimit / 1000} s`)),
      hop.connectLimit,
    );
    const onAbort = (): void => end(failed('it took too long'));
    hop.signal.addEventListener('abort', onAbort);
    let ended = false;
    function end(result: HopEnd): void {
      if (ended) return;
      ended = true;
      clearTimeout(connecting);
      hop.signal.removeEventListener('abort', onAbort);
      request.destroy();
      resolve(result);
    }
    const event = hop.url.protocol === 'https:' ? 'secureConnect' : 'connect';
    request.on('socket', (socket) => socket.once(event, () => clearTimeout(connecting)));
    request.on('error', (error) => end(failed(error.message)));
    let answered = false;
    request.on('close', () => {
      if (!answered) end(failed('the server closed the connection'));
    });
    request.on('response', (response) => {
      answered = true;
      void read(response, hop).then(end);
    });
    request.end(hop.post?.body);
  });
}

/** PEM of the CAs that this machine trusts, or else of those that Node does. */
export function systemAuthorities(): readonly string[] {
  const system = getCACertificates('system');
  return system.length > 0 ? system : getCACertificates('bundled');
}

function begin(hop: Hop, authorities: () => readonly string[]): ClientRequest {
  const { url, post } = hop;
  const options: RequestOptions = {
    hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    method: post === undefined ? 'GET' : 'POST',
    agent: false,
    lookup: pinned(hop.addresses),
    maxHeaderSize: HEADER_LIMIT,
    headers: {
      accept: '*/*',
      'accept-encoding': 'identity',
      ...(post === undefined
        ? {}
        : { 'content-type': post.contentType, 'content-length': post.body.length }),
    },
  };
  if (url.protocol === 'http:') return plainRequest(options);
  return secureRequest({ ...options, ca: [...authorities()], rejectUnauthorized: true });
}

async function read(response: IncomingMessage, hop: Hop): Promise<HopEnd> {
  const status = response.statusCode ?? 0;
  const { location } = response.headers;
  if (status >= 300 && status < 400 && location !== undefined) {
    const from = parseIp(response.socket.remoteAddress?.replace(/%.*/, '') ?? '');
    response.resume();
    return { kind: 'redirect', status, location, from: from ?? ('0.0.0.0' as IpAddress) };
  }
  if (status !== 200) return failed(`the server answered with HTTP status ${status}`);
  if (Number(response.headers['content-length'] ?? 0) > hop.sizeLimit) return tooLong(hop);
  const decoded = decodedBody(response);
  if (decoded === undefined) {
    return failed(`the server used encoding ${response.headers['content-encoding']}`);
  }
  const body = new GrowingBody(hop.sizeLimit);
  try {
    for await (const piece of decoded) if (!body.add(piece)) return tooLong(hop);
  } catch (error) {
    return failed(error instanceof Error ? error.message : 'the answer broke off');
  }
  if (!response.complete) return failed('the answer broke off');
  const maxAge = maxAgeOf(response.headers['cache-control']);
  return { kind: 'body', body: body.take(), ...(maxAge === undefined ? {} : { maxAge }) };
}

function tooLong(hop: Hop): HopEnd {
  return failed(`the answer is longer than ${hop.sizeLimit} octets`);
}

/** Servers compress although they were asked not to; what comes out counts towards the limit as it comes. */
function decodedBody(response: IncomingMessage): Readable | undefined {
  switch ((response.headers['content-encoding'] ?? 'identity').toLowerCase()) {
    case 'identity':
    case '':
      return response;
    case 'gzip':
    case 'x-gzip':
    case 'deflate': {
      const unzip = createUnzip();
      response.on('error', (error) => unzip.destroy(error));
      return response.pipe(unzip);
    }
    default:
      return undefined;
  }
}

/** Milliseconds, RFC 9111 section 5.2.2.1. */
function maxAgeOf(header: string | undefined): number | undefined {
  const seconds = /(?:^|[\s,])max-age\s*=\s*"?(\d{1,9})/i.exec(header ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
