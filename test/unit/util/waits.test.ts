import { describe, expect, test } from 'vitest';
import { run, settled, type Waits } from '../../../daemon/util/waits.ts';

function* sum(...parts: readonly (number | Promise<number>)[]): Waits<number> {
  let total = 0;
  for (const part of parts) total += yield* settled(part);
  return total;
}

describe('a computation that may wait', () => {
  test('has its result at once where nothing waits', () => {
    expect(run(sum(1, 2, 3))).toBe(6);
  });

  test('is a promise of it where something does', async () => {
    const outcome = run(sum(1, Promise.resolve(2), 3, Promise.resolve(4)));
    expect(outcome).toBeInstanceOf(Promise);
    expect(await outcome).toBe(10);
  });

  test('throws at once what is thrown at once', () => {
    expect(() =>
      run(
        (function* (): Waits<void> {
          yield* settled(1);
          throw new RangeError('now');
        })(),
      ),
    ).toThrow(new RangeError('now'));
  });

  test('catches a rejection where it waits, and closes what it had open', async () => {
    const seen: string[] = [];
    function* guarded(): Waits<string> {
      try {
        yield* settled(Promise.reject(new RangeError('later')));
        return 'never';
      } catch (error) {
        seen.push(String(error));
        yield* settled(Promise.resolve());
        return 'caught';
      } finally {
        seen.push('closed');
      }
    }
    expect(await run(guarded())).toBe('caught');
    expect(seen).toEqual(['RangeError: later', 'closed']);
  });

  test('rejects with what is thrown after a wait', async () => {
    function* late(): Waits<void> {
      yield* settled(Promise.resolve());
      throw new RangeError('too late');
    }
    await expect(run(late())).rejects.toThrow('too late');
  });
});
