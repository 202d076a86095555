import { describe, expect, test } from 'vitest';
import { matchIdentity } from '../../../daemon/proto/identity-match.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { LinearRegExp } from '../../../daemon/proto/linear-regexp.ts';
import { SeededRandom } from '../../sim/seeded-random.ts';

const TEXTS = ['', 'a', 'b', 'ab', 'ba', 'aab', 'abab', 'bbb', 'a.b', 'A-b', 'ab|', 'a{2}', 'x]y'];

describe('SEC-83 regular expressions of operators, texts of strangers', () => {
  test.each([
    '^(a|a)*b$',
    '^(a|aa)+$',
    '^(a+)+$',
    '^.*.*.*.*.*.*b$',
    '^(a?a)*$',
    '^(.|[a-z])*(.|[a-z])*!$',
    '^(a{1,9}){1,9}b$',
  ])(
    '%s gives its answer at once, for a text that a backtracking matcher never ends with',
    (source) => {
      const pattern = parseIdentity(`fqdn:${source}`, { allowRegex: true });
      const id = { type: 2, data: new Uint8Array(1024).fill(0x61) };
      expect(matchIdentity(pattern, id, 'strict')).toBe(/\+\$|\?a/.test(source) ? 2 : 0);
    },
  );

  test.each([
    'a',
    'a|b',
    '^a|b$',
    '^(a|b)*$',
    '^(ab|a)(bab|b)?$',
    '^a{2}b$',
    '^a{1,}b?$',
    '^(a{0,2}b){2}$',
    '^()*$',
    '^(a*)*b$',
    '^(|a)b$',
    'a+?b',
    '^[^a]*$',
    '^[\\]x]+y$',
    '^[\\s\\x00-\\x2e|]|b$',
    '^a\\.b$',
    '^.\\-B$',
    'a{2',
    'b\\|',
    '(^a)|(b$)',
    'a$b',
    '(a|b|)(a|)+$',
  ])('%s matches what it matches in the language itself', (source) => {
    const [ours, known] = [new LinearRegExp(source), new RegExp(source, 'i')];
    for (const text of TEXTS) expect([text, ours.test(text)]).toEqual([text, known.test(text)]);
  });

  test('so do expressions made at random', () => {
    const random = new SeededRandom(7);
    const pick = <T>(items: readonly T[]): T =>
      items[(random.bytes(1)[0] ?? 0) % items.length] as T;
    const make = (depth: number): string => {
      const parts = Array.from({ length: 1 + (depth > 0 ? 1 : 0) }, () => {
        const atom =
          depth > 0 ? pick([`(${make(depth - 1)})`, 'a', '[ab]']) : pick(['a', 'b', '.', '[^b]']);
        return atom + pick(['', '', '*', '+', '?', '{2}', '{1,2}', '{0,}']);
      });
      return parts.join(pick(['', '', '|']));
    };
    for (let i = 0; i < 300; i++) {
      const source = pick(['', '^']) + make(3) + pick(['', '$']);
      const [ours, known] = [new LinearRegExp(source), new RegExp(source, 'i')];
      for (const text of TEXTS)
        expect([source, text, ours.test(text)]).toEqual([source, text, known.test(text)]);
    }
  });

  test.each([
    'a'.repeat(3000),
    '^((((a{9}){9}){9}){9})$',
    `^${'('.repeat(100)}a${')'.repeat(100)}$`,
    '^(){999999999}$',
    '^(a{1000}){1000}$',
    '(?=a)b',
    '(a)\\1',
    '\\bword',
    '(',
  ])('%s is refused', (source) => {
    expect(() => new LinearRegExp(source)).toThrow(SyntaxError);
  });

  test('characters beyond ASCII match nothing', () => {
    expect(new LinearRegExp('^.$').test('\u00e9')).toBe(false);
    expect(new LinearRegExp('^.$').test('e')).toBe(true);
  });
});
