import type { TrafficSelector } from '../proto/traffic-selector.ts';

/** The selectors of both ends of a CHILD_SA. */
interface Selectors {
  readonly localTs: readonly TrafficSelector[];
  readonly remoteTs: readonly TrafficSelector[];
}

/**
 * How many CHILD_SAs have the same selectors, roughly: different ones may be counted together, equal ones never apart. One number each, so
 * that asking whether there is a CHILD_SA like this costs the same however many a peer has.
 */
export class SelectorCensus {
  readonly #counts = new Map<number, number>();

  add(selectors: Selectors): void {
    const key = digest(selectors);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** Takes back what was added. */
  remove(selectors: Selectors): void {
    const key = digest(selectors);
    const left = (this.#counts.get(key) ?? 1) - 1;
    if (left === 0) this.#counts.delete(key);
    else this.#counts.set(key, left);
  }

  /** False if certainly no CHILD_SA has these selectors. */
  mayHave(selectors: Selectors): boolean {
    return this.#counts.has(digest(selectors));
  }
}

// The order of selectors means nothing: their digests are added up.
function digest({ localTs, remoteTs }: Selectors): number {
  let sum = 0;
  for (const selector of localTs) sum = (sum + digestOf(selector, 1)) | 0;
  for (const selector of remoteTs) sum = (sum + digestOf(selector, 2)) | 0;
  return sum;
}

/** FNV-1a, with the finish of MurmurHash3: neighbouring addresses give numbers far apart. */
function digestOf(selector: TrafficSelector, seed: number): number {
  let value = seed;
  const mix = (part: number): void => {
    value = Math.imul(value ^ part, 0x01000193);
  };
  mix(selector.protocol);
  mix(selector.startPort);
  mix(selector.endPort);
  const { startAddress, endAddress } = selector;
  for (let i = 0; i < startAddress.length; i++) mix(startAddress[i] ?? 0);
  for (let i = 0; i < endAddress.length; i++) mix(endAddress[i] ?? 0);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
