import { describe, expect, test } from 'vitest';
import { ConfNode, danglingReferences } from '../../../daemon/config/conf-tree.ts';
import {
  parseConfFile,
  parseConfText,
  readConfFile,
} from '../../../daemon/config/strongswan-conf.ts';
import { MemoryFiles } from '../../support/memory-files.ts';

const none = new MemoryFiles({});
const parse = (text: string): ConfNode => ConfNode.of(parseConfText(text, '/etc/t.conf', none));
const value = (text: string): string | undefined => parse(text).value('k')?.text;

describe('values', () => {
  test.each([
    ['k = a', 'a'],
    ['k=a', 'a'],
    ['k =   a   b\t c  ', 'a b c'],
    ['k = a"b"', 'a b'],
    ['k = "a  b" # comment', 'a  b'],
    ['k = "#}"', '#}'],
    ['k = a:b,c={d', 'a:b,c={d'],
    ['k = "x\\n\\r\\t\\"\\\\\\."', 'x\n\r\t"\\.'],
    ['k = "one \\\ntwo"', 'one two'],
    ['k = "one\r\ntwo"', 'one\ntwo'],
    ['k = ^a\\.b$', '^a\\.b$'],
    ['k = a\nk = b', 'b'],
    ['k = a\nk =\n', undefined],
    ['k =', undefined],
    ['k = ""', undefined],
    ['# nothing', undefined],
    ['include = x\nk = y', 'y'],
  ])('%j is %j', (text, expected) => {
    expect(value(text)).toBe(expected);
  });

  test('keep the place of their key', () => {
    expect(parse('\n\n  k = a').value('k')?.position).toEqual({
      file: '/etc/t.conf',
      line: 3,
      column: 3,
    });
  });

  test('names of Object members are ordinary names', () => {
    const tree = parse('__proto__ { constructor = 1\n toString = 2\n}');
    expect(tree.at('__proto__').keys()).toEqual(['constructor', 'toString']);
    expect(parse('').value('constructor')).toBeUndefined();
    expect(parse('').at('__proto__').exists).toBe(false);
  });
});

describe('sections', () => {
  test('merge, on one line or several, brace on the next line', () => {
    const tree = parse('a { b = 1 }\na\n# here\n{\n c { d = 2 } e = 3 }');
    expect(tree.at('a').keys()).toEqual(['b', 'e']);
    expect(tree.at('a', 'c').value('d')?.text).toBe('2');
  });

  test('`include` can be the name of a section or key', () => {
    expect(parse('include { a = 1 }').at('include').value('a')?.text).toBe('1');
    expect(parse('include = f').value('include')?.text).toBe('f');
  });
});

describe('references', () => {
  test('inherit values and sections, own ones first, left to right, forwards', () => {
    const tree = parse(`
      a : base.x, other { own = 1\n sub { s = own } }
      base { x { own = 0\n first = 1\n sub { s = base\n t = 2 } } }
      other { first = 2\n second = 2 }`);
    const a = tree.at('a');
    expect(a.keys()).toEqual(['own', 'first', 'second']);
    expect(a.value('own')?.text).toBe('1');
    expect(a.value('first')?.text).toBe('1');
    expect(a.at('sub').value('s')?.text).toBe('own');
    expect(a.at('sub').value('t')?.text).toBe('2');
  });

  test('follow references of the referenced section', () => {
    const tree = parse('a : b { }\nb : c { }\nc { k = 1 }');
    expect(tree.at('a').value('k')?.text).toBe('1');
  });

  test('an empty value hides what is inherited', () => {
    expect(parse('a : b { k = \n }\nb { k = 1 }').at('a').value('k')).toBeUndefined();
  });

  test('circles end', () => {
    const tree = parse('a : b { x = 1 }\nb : a { y = 2 }\nc : c { z = 3 }');
    expect(tree.at('a').keys()).toEqual(['x', 'y']);
    expect(tree.at('c').keys()).toEqual(['z']);
  });

  test('a section that inherits its parent is refused where it gets too deep', () => {
    const tree = parse('a { b : a { k = 1 } }');
    let node = tree.at('a');
    expect(() => {
      for (let i = 0; i < 1000 && node.exists; i++) node = node.at('b');
    }).toThrow(/^\/etc\/t.conf:1:5: sections nest deeper than 64/);
  });

  test('to nowhere are reported', () => {
    const root = parseConfText('a : nowhere.x { }\nb : a { }', '/f', none);
    expect(danglingReferences(root).map((r) => r.path.join('.'))).toEqual(['nowhere.x']);
  });
});

describe('includes', () => {
  const files = new MemoryFiles({
    '/etc/main.conf': 'a { include d/*.conf\n k = 9 }\ninclude nothing/*.conf\ninclude "x y.conf"',
    '/etc/d/1.conf': 'k = 1\ns { t = 1 }',
    '/etc/d/2.conf': 'k = 2\ninclude more.conf',
    '/etc/d/more.conf': 'm = 3',
    '/etc/x y.conf': 'b = 4',
  });

  test('merge into the section that holds them, relative to the file', () => {
    const tree = readConfFile('/etc/main.conf', files);
    expect(tree.at('a').keys()).toEqual(['k', 'm']);
    expect(tree.at('a').value('k')?.text).toBe('9');
    expect(tree.at('a', 's').value('t')?.text).toBe('1');
    expect(tree.value('b')?.text).toBe('4');
    expect(tree.at('a').value('m')?.position.file).toBe('/etc/d/more.conf');
  });

  test('that never end are refused', () => {
    const loop = new MemoryFiles({ '/a': 'include /b', '/b': 'include /a' });
    expect(() => parseConfFile('/a', loop)).toThrow(
      /^\/b:1:1: .\/a. is included by itself: \/a → \/b → \/a$/,
    );
  });

  test('a backslash keeps blanks in the pattern', () => {
    const some = new MemoryFiles({ '/m': 'include x\\ y.conf', '/x y.conf': 'k = 1' });
    expect(readConfFile('/m', some).value('k')?.text).toBe('1');
  });

  test('an unreadable main file says so', () => {
    expect(() => parseConfFile('/gone', none)).toThrow(
      "/gone:1:1: cannot read '/gone': no such file or directory",
    );
  });
});

describe('errors name the place, what was found and what is allowed', () => {
  test.each([
    ['a.b = 1', "/f:1:2: found '.' after 'a'"],
    ['a {\n  k = 1\n', "/f:3:1: found the end of the file, but section 'a' opened in line 1"],
    ['}', "/f:1:1: found '}', but no section is open here"],
    ['a { b = "x', '/f:1:9: found the end of the file inside a quoted text'],
    ['a', "/f:1:2: found the end of the file after 'a'"],
    ['= 1', "/f:1:1: found '=', allowed is the name of a section or key"],
    ['a b', "/f:1:3: found 'b' after 'a'"],
    ['a : { }', "/f:1:5: found '{', allowed is the absolute name of a section"],
    ['a : b. { }', "/f:1:7: found ' ', allowed is the rest of a section name"],
    ['a : b = 1', "/f:1:7: found '=' after 'a'"],
    ['a {\n b : c d\n}', "/f:2:8: found 'd' after 'b'"],
  ])('%j', (text, message) => {
    expect(() => parseConfText(text, '/f', none)).toThrow(message);
  });

  test('thousands of braces are refused before the stack ends', () => {
    expect(() => parseConfText('a {'.repeat(100_000), '/f', none)).toThrow(/nested deeper than 64/);
  });
});
