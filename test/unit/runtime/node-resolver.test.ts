import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NodeResolver } from '../../../daemon/runtime/node-resolver.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A resolver whose answers the test gives. */
function asked() {
  const open: { readonly name: string; readonly done: (found: readonly string[]) => void }[] = [];
  const resolver = new NodeResolver((name, done) => open.push({ name, done }));
  return { open, resolver };
}

test('addresses come in the order of the system, what is none left out', async () => {
  const { open, resolver } = asked();
  const found = resolver.resolve('sun.example.org');
  open[0]?.done(['192.0.2.7', 'fe80::1%eth0', '2001:db8::7']);
  expect(await found).toEqual(['192.0.2.7', '2001:db8::7']);
});

test('a server of names that says nothing costs five seconds, and one question however often it is asked', async () => {
  const { open, resolver } = asked();
  for (let round = 0; round < 100; round++) {
    const found = [resolver.resolve('sun.example.org'), resolver.resolve('moon.example.org')];
    await vi.advanceTimersByTimeAsync(5000);
    expect(await Promise.all(found)).toEqual([[], []]);
  }
  expect(open.map(({ name }) => name)).toEqual(['sun.example.org', 'moon.example.org']);
  // The answer that comes at last is for whoever waits then; after it the question is a new one.
  const late = resolver.resolve('sun.example.org');
  open[0]?.done(['192.0.2.7']);
  expect(await late).toEqual(['192.0.2.7']);
  void resolver.resolve('sun.example.org');
  expect(open).toHaveLength(3);
});

test('a name of the hosts file, through the real one', async () => {
  vi.useRealTimers();
  expect(await new NodeResolver().resolve('localhost')).not.toEqual([]);
  expect(await new NodeResolver().resolve('')).toEqual([]);
});
