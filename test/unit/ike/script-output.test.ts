import { expect, test } from 'vitest';
import { ScriptOutput } from '../../../daemon/ike/script-output.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';

function lines(...chunks: readonly (string | Uint8Array)[]): string[] {
  const told: string[] = [];
  const output = new ScriptOutput((line) => told.push(line));
  for (const chunk of chunks) output.push(typeof chunk === 'string' ? utf8(chunk) : chunk);
  output.end();
  return told;
}

test('lines are put together from pieces, the last one needs no end', () => {
  expect(lines('one\ntw', 'o\nthr', 'ee')).toEqual(['one', 'two', 'three']);
  expect(lines('')).toEqual([]);
});

test('long lines are split at 126 characters however they arrive', () => {
  const long = 'x'.repeat(300);
  const expected = ['x'.repeat(126), 'x'.repeat(126), 'x'.repeat(48), 'end'];
  expect(lines(`${long}\nend`)).toEqual(expected);
  expect(lines(...`${long}\nend`)).toEqual(expected);
  expect(lines(`${'y'.repeat(126)}\nz`)).toEqual(['y'.repeat(126), 'z']);
});

test('control characters do not reach the log, other text does, cut in the middle or not', () => {
  expect(lines('a\u001b[31mb\rc\u0000')).toEqual(['a?[31mb?c?']);
  const [first, second] = [utf8('ü').subarray(0, 1), utf8('ü').subarray(1)];
  expect(lines(first, second, '\n')).toEqual(['ü']);
});

test('a script that never stops writing fills 500 lines and no more', () => {
  const told = lines('y\n'.repeat(2000));
  expect(told).toHaveLength(501);
  expect(told.at(-1)).toBe('(more output is left out)');
});
