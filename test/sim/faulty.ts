/** Throws after a set number of calls, once. */
export class Tripwire {
  #left = Number.POSITIVE_INFINITY;
  #calls = 0;

  /** Calls seen since the last {@link set}. */
  get calls(): number {
    return this.#calls;
  }

  /** Whether it has thrown since it was set. */
  get tripped(): boolean {
    return this.#left < 0;
  }

  /** Arms it: the call of this number, counted from 0, throws. Infinity only counts. */
  set(call: number): void {
    this.#left = call;
    this.#calls = 0;
  }

  pass(what: string): void {
    this.#calls += 1;
    const tripped = this.#left === 0;
    this.#left -= 1;
    if (tripped) throw new Error(`injected fault in ${what}`);
  }
}

/**
 * The same object, but every call of a method of it, or of what its methods return, passes the tripwire first. Disposing is
 * exempt: the language runs it on the way out of other faults.
 */
export function faulty<T extends object>(target: T, wire: Tripwire, name: string): T {
  return new Proxy(target, {
    get(inner, key) {
      const value: unknown = Reflect.get(inner, key, inner);
      if (typeof value !== 'function') return value;
      if (typeof key === 'symbol') return value.bind(inner);
      return (...args: unknown[]): unknown => {
        wire.pass(`${name}.${key}`);
        const result: unknown = Reflect.apply(value, inner, args);
        return isContext(result) ? faulty(result, wire, key) : result;
      };
    },
  });
}

/** Objects with methods, as against octets, lists, promises and plain values. */
function isContext(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (ArrayBuffer.isView(value) || Array.isArray(value) || value instanceof Promise) return false;
  return (
    Object.getPrototypeOf(value) !== Object.prototype ||
    Object.values(value).some((member) => typeof member === 'function')
  );
}
