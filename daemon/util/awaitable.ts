/** A value that is there already, or a promise of it. A function that returns one throws or rejects, as it has its answer. */
export type Awaitable<T> = T | Promise<T>;

/**
 * Begins something and goes on with its outcome: at once and without a promise if that is there at once. What `begin` throws or
 * rejects with goes to `failed`; what the other two throw goes to the caller.
 */
export function proceed<T, R>(
  begin: () => Awaitable<T>,
  next: (value: T) => R,
  failed: (error: unknown) => Awaitable<R>,
): Awaitable<R> {
  let outcome: Awaitable<T>;
  try {
    outcome = begin();
  } catch (error) {
    return failed(error);
  }
  return outcome instanceof Promise ? outcome.then(next, failed) : next(outcome);
}

/** Goes on with a value: at once and without a promise if it is there. */
export function andThen<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
