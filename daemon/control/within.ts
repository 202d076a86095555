import type { Clock } from '../contracts/clock.ts';

/**
 * What a promise resolves to, or `undefined` once `timeout` milliseconds have passed (0 waits without limit) or
 * `signal` says that nobody wants to know any more.
 */
export function within<T>(
  clock: Clock,
  promise: Promise<T>,
  timeout: number,
  signal: AbortSignal,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = timeout > 0 ? clock.after(timeout, () => finish(undefined)) : undefined;
    const aborted = (): void => finish(undefined);
    const finish = (value: T | undefined): void => {
      timer?.cancel();
      signal.removeEventListener('abort', aborted);
      resolve(value);
    };
    if (signal.aborted) {
      finish(undefined);
      return;
    }
    signal.addEventListener('abort', aborted);
    promise.then(finish, reject);
  });
}
