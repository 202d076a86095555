import { lookup } from 'node:dns';
import { type IpAddress, parseIp } from '../proto/ip-address.ts';

/** Milliseconds after which a slow resolver counts as one that knows nothing. */
const TIMEOUT = 5000;

/** Asks the system's resolver; `done` gets texts of addresses in its order, none if there are none, perhaps after minutes. */
export type AskSystem = (name: string, done: (addresses: readonly string[]) => void) => void;

const askSystem: AskSystem = (name, done) =>
  lookup(name, { all: true, verbatim: true }, (error, found) =>
    done(error === null ? found.map(({ address }) => address) : []),
  );

/**
 * Names as the system's resolver knows them, hosts file included. It takes a thread for each question, of which there are few, and
 * gives up after a minute or more: while one about a name is open, whoever asks for that name waits for its answer, so that no more
 * questions wait for a thread than there are names.
 */
export class NodeResolver {
  readonly #ask: AskSystem;
  readonly #open = new Map<string, Promise<readonly IpAddress[]>>();

  constructor(ask: AskSystem = askSystem) {
    this.#ask = ask;
  }

  /** Addresses of a name; empty if there are none or it takes too long. Never rejects. */
  resolve(name: string): Promise<readonly IpAddress[]> {
    const answer = this.#open.get(name) ?? this.#question(name);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve([]), TIMEOUT);
      void answer.then((addresses) => {
        clearTimeout(timer);
        resolve(addresses);
      });
    });
  }

  #question(name: string): Promise<readonly IpAddress[]> {
    const answer = new Promise<readonly IpAddress[]>((resolve) => {
      this.#ask(name, (addresses) => {
        this.#open.delete(name);
        const parsed = addresses.map((address) => parseIp(address));
        resolve(parsed.filter((address) => address !== undefined));
      });
    });
    this.#open.set(name, answer);
    return answer;
  }
}
