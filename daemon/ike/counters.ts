import { ExchangeType } from '../proto/iana/exchange-types.ts';

/** Names of the counters, in the order in which they are shown. */
export const COUNTER_NAMES = [
  'ike-rekey-init',
  'ike-rekey-resp',
  'child-rekey',
  'invalid',
  'invalid-spi',
  'ike-init-in-req',
  'ike-init-in-resp',
  'ike-init-out-req',
  'ike-init-out-resp',
  'ike-auth-in-req',
  'ike-auth-in-resp',
  'ike-auth-out-req',
  'ike-auth-out-resp',
  'create-child-in-req',
  'create-child-in-resp',
  'create-child-out-req',
  'create-child-out-resp',
  'info-in-req',
  'info-in-resp',
  'info-out-req',
  'info-out-resp',
] as const;

export type CounterName = (typeof COUNTER_NAMES)[number];

/** A snapshot: every counter by its name. */
export type CounterValues = Readonly<Record<CounterName, number>>;

const POSITION: ReadonlyMap<CounterName, number> = new Map(
  COUNTER_NAMES.map((name, index) => [name, index]),
);

/** Position of the first of the four counters of an exchange: in-req, in-resp, out-req, out-resp. */
const OF_EXCHANGE: ReadonlyMap<number, number> = new Map([
  [ExchangeType.IKE_SA_INIT, COUNTER_NAMES.indexOf('ike-init-in-req')],
  [ExchangeType.IKE_AUTH, COUNTER_NAMES.indexOf('ike-auth-in-req')],
  [ExchangeType.CREATE_CHILD_SA, COUNTER_NAMES.indexOf('create-child-in-req')],
  [ExchangeType.INFORMATIONAL, COUNTER_NAMES.indexOf('info-in-req')],
]);

/**
 * Counts what happens, in all and per connection. Only names of connections make sets, never anything a peer says, so
 * that their number is that of the configuration.
 */
export class Counters {
  #all = newSet();
  readonly #ofConnection = new Map<string, Float64Array>();

  /** One more; `connection` is the name as it is known, empty while none is. */
  count(name: CounterName, connection = ''): void {
    this.#add(POSITION.get(name) ?? 0, connection);
  }

  /** A message was read or written; retransmissions are not counted, fragments are one message. */
  message(exchange: number, isResponse: boolean, incoming: boolean, connection: string): void {
    const first = OF_EXCHANGE.get(exchange);
    if (first === undefined) return;
    this.#add(first + (incoming ? 0 : 2) + (isResponse ? 1 : 0), connection);
  }

  /** The counters of all connections and of what belongs to none. */
  get global(): CounterValues {
    return snapshot(this.#all);
  }

  /** The counters of one connection, if it has any. */
  of(connection: string): CounterValues | undefined {
    const found = this.#ofConnection.get(connection);
    return found === undefined ? undefined : snapshot(found);
  }

  /** The sets of all connections that have one. */
  *ofConnections(): IterableIterator<readonly [name: string, values: CounterValues]> {
    for (const [name, set] of this.#ofConnection) yield [name, snapshot(set)];
  }

  /** Starts the global counters anew; those of connections stay. */
  resetGlobal(): void {
    this.#all = newSet();
  }

  /** Forgets the counters of one connection, or of all. */
  resetConnection(connection?: string): void {
    if (connection === undefined) this.#ofConnection.clear();
    else this.#ofConnection.delete(connection);
  }

  #add(position: number, connection: string): void {
    bump(this.#all, position);
    if (connection === '') return;
    let own = this.#ofConnection.get(connection);
    if (own === undefined) {
      own = newSet();
      this.#ofConnection.set(connection, own);
    }
    bump(own, position);
  }
}

// Doubles count exactly up to 2^53.
function newSet(): Float64Array {
  return new Float64Array(COUNTER_NAMES.length);
}

function bump(set: Float64Array, position: number): void {
  set[position] = (set[position] ?? 0) + 1;
}

function snapshot(set: Float64Array): CounterValues {
  const values = COUNTER_NAMES.map((name, index) => [name, set[index] ?? 0] as const);
  return Object.fromEntries(values) as Record<CounterName, number>;
}
