import type { ChildSpi } from '../proto/child-spi.ts';

/** DELETEs remembered at a time: a peer has few CHILD_SAs under way, and more than these it may not have forgotten. */
const LIMIT = 64;

/**
 * A peer may create a CHILD_SA, answer, and delete it again so fast that its DELETE overtakes the answer (RFC 7296 section
 * 2.25). The DELETE names nothing we know; it is remembered until our creating request is answered, so that the CHILD_SA
 * never comes to life here.
 */
export class EarlyDeletes {
  /** Made with the first: most IKE_SAs never have one. */
  #spis: Set<string> | undefined;

  /** The peer deleted this CHILD_SA of its own, by IKE protocol id and SPI. */
  remember(protocol: number, spi: ChildSpi): void {
    this.#spis ??= new Set();
    if (this.#spis.size < LIMIT) this.#spis.add(`${protocol} ${spi}`);
  }

  /** Whether the CHILD_SA that the peer agreed to is deleted already. */
  has(protocol: number, spi: ChildSpi): boolean {
    return this.#spis?.has(`${protocol} ${spi}`) ?? false;
  }

  /** Our creating request was answered, or given up: nothing can be overtaken any more. */
  clear(): void {
    this.#spis = undefined;
  }
}
