import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from '../../daemon/contracts/logger.ts';
import type {
  Monitoring,
  MonitoringSettings,
  MonitoringSource,
} from '../../daemon/contracts/monitoring.ts';
import { errorText, IkedError } from '../../daemon/util/error.ts';
import { DaemonMetrics } from './daemon-metrics.ts';
import { refuses } from './request-guard.ts';
import { sendArray } from './send-array.ts';

/** Connections at once; further ones are closed at once. */
const MAX_CONNECTIONS = 32;
/** Listings written at once: each may be as long as there are IKE_SAs. */
const MAX_LISTINGS = 4;
/** How long clients may take, in milliseconds. */
export interface MonitoringLimits {
  /** For a whole request to come in. */
  readonly request: number;
  /** In which a client must take something of an answer. */
  readonly stall: number;
  /** For a whole answer, however slowly it is read. */
  readonly answer: number;
  /** Of silence between two requests of a connection. */
  readonly idle: number;
}

const LIMITS: MonitoringLimits = { request: 5000, stall: 10_000, answer: 60_000, idle: 15_000 };
/** Octets of all headers. */
const HEADER_LIMIT = 8192;
const REQUESTS_PER_CONNECTION = 1000;

/** The server could not be opened. */
class MonitoringError extends IkedError {
  constructor(message: string, options?: ErrorOptions) {
    super('MONITORING', message, options);
  }
}

/** A door for monitoring on the loopback: metrics of Prometheus, listings and states as JSON, all read-only. */
export class MonitoringServer implements Monitoring {
  readonly observer = new DaemonMetrics();
  readonly #settings: MonitoringSettings;
  readonly #log: Logger;
  readonly #limits: MonitoringLimits;
  readonly #server: Server;
  #source: MonitoringSource | undefined;
  /** All who ask while one answer is made get that one. */
  #scrape: Promise<string> | undefined;
  #listings = 0;

  constructor(settings: MonitoringSettings, log: Logger, limits: Partial<MonitoringLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
    const { request: requestLimit, idle } = this.#limits;
    this.#settings = settings;
    this.#log = log;
    this.#server = createServer(
      {
        maxHeaderSize: HEADER_LIMIT,
        headersTimeout: requestLimit,
        requestTimeout: requestLimit,
        keepAliveTimeout: idle,
        connectionsCheckingInterval: Math.min(1000, requestLimit),
      },
      (request, response) => this.#handle(request, response),
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION;
    // A client that neither asks nor reads is cut off.
    this.#server.setTimeout(idle, (socket) => socket.destroy());
  }

  async serve(source: MonitoringSource): Promise<string> {
    this.#source = source;
    const { address: host, port } = this.#settings;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, exclusive: true }, () => resolve());
    }).catch((error: unknown) => {
      const text = `metrics cannot be served at ${host} port ${port}: ${errorText(error)}`;
      throw new MonitoringError(text, { cause: error });
    });
    this.#server.on('error', (error) => this.#log.log('lib', 1, `metrics: ${errorText(error)}`));
    return `${host.includes(':') ? `[${host}]` : host}:${this.#port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.observer[Symbol.dispose]();
  }

  get #port(): number {
    const bound = this.#server.address();
    return typeof bound === 'object' && bound !== null ? bound.port : 0;
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setTimeout(this.#limits.stall, () => response.destroy());
    const limit = setTimeout(() => response.destroy(), this.#limits.answer);
    response.on('close', () => clearTimeout(limit));
    const refusal = refuses(request, this.#port);
    if (refusal !== undefined) {
      if (refusal.status === 405) response.setHeader('Allow', 'GET');
      response.setHeader('Connection', 'close');
      fail(response, refusal.status, refusal.reason);
      return;
    }
    // Nothing but a path of ours is looked for: no other host, no dots.
    const [path = ''] = (request.url ?? '').split('?');
    this.#answer(path, response).catch((error: unknown) => {
      this.#log.log('lib', 1, `answering a request for metrics failed: ${errorText(error)}`);
      if (response.headersSent) response.destroy();
      else fail(response, 500, 'internal error');
    });
  }

  async #answer(path: string, response: ServerResponse): Promise<void> {
    const source = this.#source;
    if (source === undefined) throw new TypeError('a request before there is a source');
    switch (path) {
      case '/metrics': {
        this.#scrape ??= this.#metrics(source).finally(() => {
          this.#scrape = undefined;
        });
        const text = await this.#scrape;
        response.setHeader('Content-Type', this.observer.contentType);
        response.end(text);
        return;
      }
      case '/list-sas':
        await this.#list(response, source.listSas());
        return;
      case '/list-conns':
        await this.#list(response, source.listConns());
        return;
      case '/health':
        json(response, 200, { status: 'ok' });
        return;
      case '/ready':
        if (source.ready) json(response, 200, { status: 'ready' });
        else json(response, 503, { status: 'not ready' });
        return;
      default:
        fail(response, 404, 'there are /metrics, /list-sas, /list-conns, /health and /ready');
    }
  }

  async #metrics(source: MonitoringSource): Promise<string> {
    return this.observer.text(await source.snapshot());
  }

  async #list(response: ServerResponse, items: AsyncIterable<string>): Promise<void> {
    if (this.#listings >= MAX_LISTINGS) {
      response.setHeader('Retry-After', '1');
      fail(response, 503, 'too many listings at once');
      return;
    }
    this.#listings++;
    try {
      await sendArray(response, items);
    } finally {
      this.#listings--;
    }
  }
}

function json(response: ServerResponse, status: number, value: object): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json');
  response.end(`${JSON.stringify(value)}\n`);
}

function fail(response: ServerResponse, status: number, error: string): void {
  json(response, status, { error });
}
