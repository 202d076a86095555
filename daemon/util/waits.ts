/**
 * A computation that mostly has its result at once, written like an async function: `yield*` {@link settled} in place of `await`.
 * It yields only the promises that it cannot do without, so that nothing is left to the microtasks where nothing waits.
 */
export type Waits<T> = Generator<Promise<unknown>, T, unknown>;

/** The value, or what a promise of it becomes; a rejection is thrown where this stands. */
export function* settled<T>(value: T | Promise<T>): Waits<T> {
  return value instanceof Promise ? ((yield value) as T) : value;
}

/** Runs a computation: its result if nothing made it wait, else a promise of it. */
export function run<T>(steps: Waits<T>): T | Promise<T> {
  const step = steps.next();
  return step.done === true ? step.value : finish(steps, step.value);
}

async function finish<T>(steps: Waits<T>, pending: Promise<unknown>): Promise<T> {
  let step = await resumed(steps, pending);
  while (step.done !== true) step = await resumed(steps, step.value);
  return step.value;
}

/** Goes on with `steps` once the promise that they yielded has settled, to whatever they yield or return next. */
export async function resumed<Y, T>(
  steps: Generator<Y, T, unknown>,
  pending: Promise<unknown>,
): Promise<IteratorResult<Y, T>> {
  let value: unknown;
  try {
    value = await pending;
  } catch (error) {
    return steps.throw(error);
  }
  return steps.next(value);
}
