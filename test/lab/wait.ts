/** Resolves after this many milliseconds. */
export function sleep(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

/** Polls until the probe gives a value other than undefined and false; rejects with `what` when the time is over. */
export async function waitFor<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMillis = 10_000,
): Promise<T> {
  const end = performance.now() + timeoutMillis;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`waited ${timeoutMillis} ms in vain for ${what}`);
    await sleep(50);
  }
}
