import type { Clock } from '../../daemon/contracts/clock.ts';
import type { Fetcher, FetchRequest, FetchResult } from '../../daemon/contracts/fetcher.ts';

/** What a server of a simulation says; `never` is one that hangs, text is why there is no answer. */
export type VirtualAnswer = Uint8Array | string | 'never';

/** A server: what it says to a request, after so many milliseconds. */
export interface VirtualServer {
  readonly answer: (request: FetchRequest) => VirtualAnswer;
  readonly latency?: number;
}

/** A {@link Fetcher} whose servers are functions and whose time is the clock of the simulation. */
export class VirtualFetcher implements Fetcher {
  /** URLs that were asked for, in order; those that joined a fetch that was under way are not counted. */
  readonly asked: string[] = [];
  /** How often somebody called, joined or not. */
  calls = 0;
  readonly #clock: Clock;
  readonly #servers = new Map<string, VirtualServer>();
  readonly #flights = new Map<string, Promise<FetchResult>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Puts a server, or a body that never changes, at a URL. */
  serve(url: string, server: VirtualServer | VirtualAnswer): void {
    const isServer = typeof server === 'object' && 'answer' in server;
    this.#servers.set(url, isServer ? server : { answer: () => server });
  }

  /** Somebody waits for a server, and so for time to pass. */
  get busy(): boolean {
    return this.#flights.size > 0;
  }

  fetch(request: FetchRequest): Promise<FetchResult> {
    this.calls++;
    const key = `${request.url} ${String(request.body)}`;
    let flight = this.#flights.get(key);
    if (flight === undefined) {
      flight = this.#begin(request);
      this.#flights.set(key, flight);
      void flight.then(() => this.#flights.delete(key));
    }
    return flight;
  }

  #begin(request: FetchRequest): Promise<FetchResult> {
    this.asked.push(request.url);
    return new Promise((resolve) => {
      const fail = (reason: string): void =>
        resolve({ ok: false, reason: `fetching '${request.url}' failed: ${reason}` });
      const server = this.#servers.get(request.url);
      const limit = this.#clock.after(request.timeLimit, () => fail('it took too long'));
      this.#clock.after(server?.latency ?? 1, () => {
        const answer = server?.answer(request) ?? 'nobody listens';
        if (answer === 'never') return;
        limit.cancel();
        if (typeof answer === 'string') fail(answer);
        else if (answer.length > request.sizeLimit) fail('the answer is too long');
        else resolve({ ok: true, body: answer });
      });
    });
  }
}
