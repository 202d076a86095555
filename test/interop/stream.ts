import type { Daemon, Host } from '../lab/host.ts';

/** What became of a stream of echo requests. */
export interface StreamResult {
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  readonly text: string;
}

let streams = 0;

/** Echo requests at 100 per second from one host to another, running while a test does other things. */
export class Stream {
  readonly #host: Host;
  readonly #log: string;
  readonly #ping: Daemon;

  private constructor(host: Host, log: string, ping: Daemon) {
    this.#host = host;
    this.#log = log;
    this.#ping = ping;
  }

  static start(host: Host, to: string): Stream {
    const log = `/tmp/stream-${++streams}`;
    return new Stream(host, log, host.spawn(['ping', '-q', '-n', '-i', '0.01', to], log));
  }

  /** Ends it, leaving the last answers time to arrive. */
  async stop(): Promise<StreamResult> {
    this.#ping.kill('SIGINT');
    await this.#ping.ended;
    const text = this.#host.read(this.#log) ?? '';
    const [, sent = '0', received = '0'] =
      /(\d+) packets transmitted, (\d+) received/.exec(text) ?? [];
    return {
      sent: Number(sent),
      received: Number(received),
      lost: Number(sent) - Number(received),
      text,
    };
  }
}
