import { expect, test } from 'vitest';
import { type OptionSpec, readOptions } from '../../../daemon/cli/getopt.ts';

const SPECS: readonly OptionSpec[] = [
  { long: 'child', short: 'c', argument: true, help: '' },
  { long: 'child-id', short: 'C', argument: true, help: '' },
  { long: 'raw', short: 'r', argument: false, help: '' },
  { long: 'pretty', short: 'P', argument: false, help: '' },
];

function read(...words: readonly string[]): unknown {
  const { options, operands, error } = readOptions(words, SPECS);
  const given = options.map(({ spec, value }) =>
    spec.argument ? `${spec.long}=${value}` : spec.long,
  );
  return { given, operands, error };
}

test.each([
  [['--child', 'net', '--raw'], ['child=net', 'raw'], []],
  [['--child=net=x', '--ra'], ['child=net=x', 'raw'], []],
  [['--child', '--raw'], ['child=--raw'], []],
  [['-rPc', 'net'], ['raw', 'pretty', 'child=net'], []],
  [['-cnet', 'more', '-r'], ['child=net', 'raw'], ['more']],
  [['-r', '--', '-P', 'x'], ['raw'], ['-P', 'x']],
  [['-'], [], ['-']],
  [['--child='], ['child='], []],
])('%j', (words, given, operands) => {
  expect(read(...words)).toEqual({ given, operands, error: undefined });
});

test.each([
  [['--foo', '-r'], "unrecognized option '--foo'"],
  [['--chi', 'x'], "option '--chi' is ambiguous; possibilities: '--child' '--child-id'"],
  [['--child'], "option '--child' requires an argument"],
  [['--raw=1'], "option '--raw' doesn't allow an argument"],
  [['-z'], "invalid option -- 'z'"],
  [['-c'], "option requires an argument -- 'c'"],
])('%j is refused in the words of getopt_long', (words, error) => {
  expect(read(...words)).toMatchObject({ error });
});

test('an error keeps what was read before it', () => {
  expect(read('-r', '--child', 'net', '--foo', '-P')).toEqual({
    given: ['raw', 'child=net'],
    operands: [],
    error: "unrecognized option '--foo'",
  });
});
