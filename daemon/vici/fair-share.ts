/** Units of work for clients, all of them together, in one turn of the event loop; a unit is a streamed event or a small request. */
const UNITS_PER_TURN = 32;
/** Octets of a request that are one more unit: decoding the largest one fills a turn. */
const OCTETS_PER_UNIT = 16 * 1024;

/** Small requests beside a large one in the same turn, in units. */
const BESIDE_LARGE = UNITS_PER_TURN / 2;
/** Units from which on a request is large. */
const LARGE = UNITS_PER_TURN / 4;

/** Units from which on turns are counted. */
const UNCOUNTED = UNITS_PER_TURN / 2;

interface Waiting {
  readonly units: number;
  readonly go: () => void;
}

/**
 * Divides the event loop between the clients: however many ask, in each of its turns there is a bounded amount of work for them, and in between everything else has its
 * turn. Small requests do not wait for long lists and wait for one large request at most, and neither starve for their sake.
 */
export class FairShare {
  readonly #nextTurn: () => Promise<void>;
  readonly #small: Waiting[] = [];
  readonly #large: Waiting[] = [];
  readonly #continuing: (() => void)[] = [];
  #used = 0;
  #running = false;

  /** `nextTurn` resolves once everything else that waited for the event loop has had it. */
  constructor(nextTurn: () => Promise<void>) {
    this.#nextTurn = nextTurn;
  }

  /** Asks for the work of a request of so many octets; `undefined` means at once. */
  begin(octets: number): Promise<void> | undefined {
    const units = Math.min(UNITS_PER_TURN, 1 + Math.floor(octets / OCTETS_PER_UNIT));
    const queue = units < LARGE ? this.#small : this.#large;
    // A large one waits for the next turn in any case: whatever small came with it goes first.
    const small = queue === this.#small;
    if (small && queue.length === 0 && this.#used + units <= UNITS_PER_TURN) {
      this.#use(units);
      return undefined;
    }
    return new Promise((go) => {
      queue.push({ units, go });
      this.#wake();
    });
  }

  /** Counts units of work that were done, and asks to go on; `undefined` means at once. */
  goOn(units = 1): Promise<void> | undefined {
    this.#use(units);
    if (this.#used < UNITS_PER_TURN) return undefined;
    return new Promise((go) => {
      this.#continuing.push(go);
      this.#wake();
    });
  }

  // A turn of its own for every little request would cost as much as the request: what is counted may be of some turns.
  #use(units: number): void {
    this.#used += units;
    if (this.#used >= UNCOUNTED) this.#wake();
  }

  #wake(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    do {
      await this.#nextTurn();
      this.#used = 0;
      const room = this.#large.length > 0 ? BESIDE_LARGE : UNITS_PER_TURN;
      for (
        let first = this.#small[0];
        first !== undefined && this.#used + first.units <= room;
        first = this.#small[0]
      ) {
        this.#start(this.#small.shift());
      }
      this.#start(this.#large.shift());
      // What it does counts as it goes: alone it fills the turn.
      this.#continuing.shift()?.();
    } while (
      this.#small.length + this.#large.length + this.#continuing.length > 0 ||
      this.#used >= UNCOUNTED
    );
    this.#running = false;
  }

  #start(waiting: Waiting | undefined): void {
    if (waiting === undefined) return;
    this.#used += waiting.units;
    waiting.go();
  }
}
