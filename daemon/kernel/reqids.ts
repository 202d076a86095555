import type { Mark } from '../contracts/kernel.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { selectorKey } from './selector-shape.ts';

/** What CHILD_SAs must have in common to share a reqid. */
export interface ReqidKey {
  readonly localTs: readonly TrafficSelector[];
  readonly remoteTs: readonly TrafficSelector[];
  readonly markIn?: Mark;
  readonly markOut?: Mark;
  readonly ifIdIn: number;
  readonly ifIdOut: number;
  readonly label?: string;
  /** A configured reqid: taken as it is. 0 or absent allocates one. */
  readonly fixed?: number;
}

interface Entry {
  readonly key: string | undefined;
  users: number;
}

/** Hands out reqids: counted from a base, freed ones first, one for all users of equal selectors. */
export class Reqids {
  readonly #base: () => number;
  readonly #byReqid = new Map<number, Entry>();
  readonly #byKey = new Map<string, number>();
  readonly #freed: number[] = [];
  #avoided: ReadonlySet<number> = new Set();
  #next: number | undefined;

  constructor(base: () => number) {
    this.#base = base;
  }

  /** Reqids in use. */
  get size(): number {
    return this.#byReqid.size;
  }

  acquire(key: ReqidKey): number {
    if (key.fixed !== undefined && key.fixed !== 0) return this.#use(key.fixed, undefined);
    const text = keyText(key);
    const shared = this.#byKey.get(text);
    if (shared !== undefined) return this.#use(shared, text);
    const reqid = this.#unused();
    this.#byKey.set(text, reqid);
    return this.#use(reqid, text);
  }

  /** From now on gives out none of these: something in the kernel that is not ours to use bears them. */
  avoid(reqids: ReadonlySet<number>): void {
    this.#avoided = reqids;
  }

  /** Another user of a reqid that is in use: a CHILD_SA keeps that of the one it replaces. */
  retain(reqid: number): number {
    return this.#use(reqid, undefined);
  }

  /** One more use of the reqid that a predecessor gave to this key; another one of the same key is left alone. */
  adopt(key: ReqidKey, reqid: number): void {
    const fixed = key.fixed !== undefined && key.fixed !== 0;
    const text = fixed ? undefined : keyText(key);
    if (text !== undefined && !this.#byKey.has(text) && !this.#byReqid.has(reqid)) {
      this.#byKey.set(text, reqid);
    }
    const own = text !== undefined && this.#byKey.get(text) === reqid;
    this.#use(reqid, own ? text : undefined);
  }

  /** Gives back one use; one that is not known is ignored. */
  release(reqid: number): void {
    const entry = this.#byReqid.get(reqid);
    if (entry === undefined) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    this.#byReqid.delete(reqid);
    if (entry.key === undefined) return;
    this.#byKey.delete(entry.key);
    this.#freed.push(reqid);
  }

  #use(reqid: number, key: string | undefined): number {
    const entry = this.#byReqid.get(reqid);
    if (entry === undefined) this.#byReqid.set(reqid, { key, users: 1 });
    else entry.users += 1;
    return reqid;
  }

  // A configured reqid may have taken a number that was free a moment ago: those are stepped over.
  #unused(): number {
    for (let freed = this.#freed.pop(); freed !== undefined; freed = this.#freed.pop()) {
      if (!this.#isTaken(freed)) return freed;
    }
    let next = this.#next ?? this.#base();
    while (this.#isTaken(next)) next += 1;
    this.#next = next + 1;
    return next;
  }

  #isTaken(reqid: number): boolean {
    return this.#byReqid.has(reqid) || this.#avoided.has(reqid);
  }
}

function keyText({ localTs, remoteTs, markIn, markOut, ifIdIn, ifIdOut, label }: ReqidKey): string {
  return [
    selectorsText(localTs),
    selectorsText(remoteTs),
    markText(markIn),
    markText(markOut),
    ifIdIn,
    ifIdOut,
    label,
  ].join('|');
}

function selectorsText(list: readonly TrafficSelector[]): string {
  const [first] = list;
  if (first !== undefined && list.length === 1) return selectorKey(first);
  return list.map(selectorKey).sort().join(',');
}

function markText(mark: Mark | undefined): string {
  return mark === undefined ? '' : `${mark.value}/${mark.mask}`;
}
