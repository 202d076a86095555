import { describe, expect, test } from 'vitest';
import { nestedRepetitions } from '../../support/nested-repetition.ts';
import { regExpLiterals } from '../../support/regexp-literals.ts';
import { sourceFiles } from '../../support/source-files.ts';

describe('SEC-83 repeated repetitions', () => {
  test.each([
    '(a+)+',
    '^(a*)*$',
    '(?:x|y+)*z',
    '([a-z]+\\.?)*',
    '(.*,)*',
    '((a{2,}b?)c?)+',
    '(\\w+\\d)*',
    '^(?<n>\\s+)+$',
  ])('are seen in %s', (source) => {
    expect(nestedRepetitions(source)).toHaveLength(1);
  });

  test.each([
    'a+b*c{2,}',
    '(?:\\.\\d+)*',
    '([a-z]+\\.)*example',
    '(?:,[^,]+)*',
    '(a+)?(b+){1,3}',
    '[(+)*]+',
    '\\(a+\\)+',
    '(?=a+)b*',
    '(ab)*',
  ])('are not seen in %s', (source) => {
    expect(nestedRepetitions(source)).toEqual([]);
  });

  test('are in none of our own expressions', () => {
    const files = ['daemon', 'plugins', 'native'].flatMap((folder) => sourceFiles(folder, ['.ts']));
    const literals = files.flatMap(({ path, text }) =>
      regExpLiterals(text).map((source) => [path, source] as const),
    );
    // Whatever does not compile was not cut out as a regular expression.
    for (const [path, source] of literals) expect(() => new RegExp(source), path).not.toThrow();
    expect(literals.length).toBeGreaterThan(150);
    expect(literals.filter(([, source]) => nestedRepetitions(source).length > 0)).toEqual([]);
  });
});
