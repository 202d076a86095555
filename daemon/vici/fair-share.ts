/** Units of work for clients, all of them together, in one turn of the event loop; a unit is a streamed event or a small request. */
const UNITS_PER_TURN = 32;
/** Octets of a request that are one more unit: decoding the largest one fills a turn. */
const OCTETS_PER_UNIT = 16 * 1024;

interface Waiting {
  readonly units: number;
  readonly go: () => void;
}

/**
 * Divides the event loop between the clients: however many ask, in each of its turns there is a bounded amount of work for them, and in between everything else has its
 * turn. Those whose request has not begun do not wait for those who stream long lists, and neither starve.
 */
export class FairShare {
  readonly #nextTurn: () => Promise<void>;
  readonly #beginning: Waiting[] = [];
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
    if (this.#beginning.length === 0 && this.#used + units <= UNITS_PER_TURN) {
      this.#use(units);
      return undefined;
    }
    this.#use(0);
    return new Promise((go) => this.#beginning.push({ units, go }));
  }

  /** Counts a unit of work that was done, and asks to go on; `undefined` means at once. */
  goOn(): Promise<void> | undefined {
    this.#use(1);
    if (this.#used < UNITS_PER_TURN) return undefined;
    return new Promise((go) => this.#continuing.push(go));
  }

  #use(units: number): void {
    this.#used += units;
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    do {
      await this.#nextTurn();
      this.#used = 0;
      for (
        let first = this.#beginning[0];
        first !== undefined && this.#used + first.units <= UNITS_PER_TURN;
        first = this.#beginning[0]
      ) {
        this.#beginning.shift();
        this.#used += first.units;
        first.go();
      }
      // What it does counts as it goes, so that it alone fills the turn.
      this.#continuing.shift()?.();
    } while (this.#beginning.length > 0 || this.#continuing.length > 0 || this.#used > 0);
    this.#running = false;
  }
}
