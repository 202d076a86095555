import { type BrokenFile, latin1Octets, utf16Octets } from './broken-file.ts';

const repeat = (text: string, count: number): string => text.repeat(count);
const included = (count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`${i}.conf`, `include ${i + 1}.conf\n`]),
  );

/** What main and strongswan.conf have in common; the main file is called `main`, errors name it so. */
export const SYNTAX: readonly BrokenFile[] = [
  {
    name: 'a quote that is not closed',
    text: 'a {\n  b = "c\n}\n# "not here\\"\n',
    errors: ['main:4:13: error: found the end of the file inside a quoted text [syntax]'],
  },
  {
    name: 'a quote that is not closed in the name of a file',
    text: '\ninclude "a.conf\n',
    errors: ['main:2:9: error: found the end of the file inside a quoted text [syntax]'],
  },
  {
    name: 'a brace that is not closed',
    text: 'a {\n  b {\n    c = d\n}\n',
    errors: [
      "main:5:1: error: found the end of the file, but section 'a' opened in line 1 lacks its '}' [syntax]",
    ],
  },
  {
    name: 'a brace too many',
    text: 'a {\n  b = c\n} }\n',
    errors: ["main:3:3: error: found '}', but no section is open here [syntax]"],
  },
  {
    name: 'a brace too many after a file that was included',
    text: 'include x.conf\n}\n',
    more: { 'x.conf': 'a { }' },
    errors: ["main:2:1: error: found '}', but no section is open here [syntax]"],
  },
  {
    name: 'a brace of an included file that is not closed',
    text: 'a {\n  include x.conf\n}\n',
    more: { 'x.conf': 'b {\n' },
    errors: [
      "x.conf:2:1: error: found the end of the file, but section 'b' opened in line 1 lacks its '}' [syntax]",
    ],
  },
  {
    name: 'a brace too many in an included file',
    text: 'a {\n  include x.conf\n}\n',
    more: { 'x.conf': 'b = c\n  }\n' },
    errors: ["x.conf:2:3: error: found '}', but no section is open here [syntax]"],
  },
  {
    name: 'a key without value',
    text: 'a {\n  b\n}\n',
    errors: [
      "main:3:1: error: found '}' after 'b', allowed are '= value', '{' and ': section {' [syntax]",
    ],
  },
  {
    name: 'a key with a colon',
    text: 'a {\n  b: c\n}\n',
    errors: [
      "main:3:1: error: found '}' after 'b', allowed are '= value', '{' and ': section {' [syntax]",
    ],
  },
  {
    name: 'a dot in a key',
    text: 'a {\n  b.c = d\n}\n',
    errors: [
      "main:2:4: error: found '.' after 'b', allowed are '= value', '{' and ': section {' [syntax]",
    ],
  },
  {
    name: 'a dot in the name of a section',
    text: 'a.b {\n}\n',
    errors: [
      "main:1:2: error: found '.' after 'a', allowed are '= value', '{' and ': section {' [syntax]",
    ],
  },
  {
    name: 'two settings on one line',
    text: 'a { b = 1 } c\n',
    errors: [
      "main:2:1: error: found the end of the file after 'c', allowed are '= value', '{' and ': section {' [syntax]",
    ],
  },
  {
    name: 'a value without key',
    text: 'a {\n  = b\n}\n',
    errors: ["main:2:3: error: found '=', allowed is the name of a section or key [syntax]"],
  },
  {
    name: 'a key in quotes',
    text: 'a {\n  "b" = c\n}\n',
    errors: ["main:2:3: error: found '\"', allowed is the name of a section or key [syntax]"],
  },
  {
    name: 'a section without name',
    text: 'a {\n  { }\n}\n',
    errors: ["main:2:3: error: found '{', allowed is the name of a section or key [syntax]"],
  },
  {
    name: 'a comma between settings',
    text: 'a {\n  b = 1\n  , c = 2\n}\n',
    errors: ["main:3:3: error: found ',', allowed is the name of a section or key [syntax]"],
  },
  {
    name: 'a name that ends with the file',
    text: 'a',
    errors: [
      "main:1:2: error: found the end of the file after 'a', allowed are '= value', '{' and ': section {' [syntax]",
    ],
  },
  {
    name: 'an include without a name',
    text: 'a {\n  include\n}\n',
    errors: [
      "main:3:1: error: found '}' after 'include', allowed are '= value', '{' and ': section {' [syntax]",
    ],
  },
  {
    name: 'a reference without a name',
    text: 'a : {\n}\n',
    errors: ["main:1:5: error: found '{', allowed is the absolute name of a section [syntax]"],
  },
  {
    name: 'a reference that ends with a dot',
    text: 'a : b. {\n}\nb { }\n',
    errors: ["main:1:7: error: found ' ', allowed is the rest of a section name [syntax]"],
  },
  {
    name: 'a reference that ends with a comma',
    text: 'a : b, {\n}\nb { }\n',
    errors: ["main:1:8: error: found '{', allowed is the absolute name of a section [syntax]"],
  },
  {
    name: 'a reference without section',
    text: 'a : b\nb { }\n',
    errors: [
      "main:2:1: error: found 'b' after 'a', allowed are '= value', '{' and ': section {' [syntax]",
    ],
  },
  {
    name: 'NUL in a value',
    text: 'a {\n  b = c\0d\n}\n',
    errors: ['main:2:8: error: found character U+0000, allowed is UTF-8 text without NUL [syntax]'],
  },
  {
    name: 'NUL in a quoted value',
    text: 'a {\n  b = "c\nd\0"\n}\n',
    errors: ['main:3:2: error: found character U+0000, allowed is UTF-8 text without NUL [syntax]'],
  },
  {
    name: 'NUL in a name',
    text: 'a\0b {\n}\n',
    errors: [
      "main:1:2: error: found character U+0000 after 'a', allowed are '= value', '{' and ': section {' [syntax]",
    ],
  },
  {
    name: 'NUL between settings',
    text: 'a {\n \0 b = c\n}\n',
    errors: [
      'main:2:2: error: found character U+0000, allowed is the name of a section or key [syntax]',
    ],
  },
  {
    name: 'zeros where the disk was full',
    text: `a {\n  b = c\n${repeat('\0', 512)}`,
    errors: [
      'main:3:1: error: found character U+0000, allowed is the name of a section or key [syntax]',
    ],
  },
  {
    name: 'ISO 8859-1 in a value',
    text: latin1Octets('a {\n  b = M\u00fcnchen\n}\n'),
    errors: [
      'main:2:8: error: found octets that are no UTF-8, allowed is UTF-8 text without NUL [syntax]',
    ],
  },
  {
    name: 'ISO 8859-1 in a quoted value',
    text: latin1Octets('a {\n  b = "M\u00fcnchen"\n}\n'),
    errors: [
      'main:2:9: error: found octets that are no UTF-8, allowed is UTF-8 text without NUL [syntax]',
    ],
  },
  {
    name: 'ISO 8859-1 in a name',
    text: latin1Octets('a {\n  m\u00fcnchen { }\n}\n'),
    errors: [
      "main:2:4: error: found octets that are no UTF-8 after 'm', allowed are '= value', '{' and ': section {' [syntax]",
    ],
  },
  {
    name: 'UTF-16',
    text: utf16Octets('a {\n}\n'),
    errors: [
      'main:1:1: error: found octets that are no UTF-8, allowed is the name of a section or key [syntax]',
    ],
  },
  {
    name: 'a control character',
    text: 'a {\n  \u0007 = b\n}\n',
    errors: [
      'main:2:3: error: found character U+0007, allowed is the name of a section or key [syntax]',
    ],
  },
  {
    name: 'a blank that is none',
    text: 'a {\n\u00a0\u00a0b\n}\n',
    errors: [
      "main:3:1: error: found '}' after '  b', allowed are '= value', '{' and ': section {' [syntax]",
    ],
  },
  {
    name: 'quotes of a word processor',
    text: 'a {\n  b = \u201cc\u201d\n  \u201cd\u201d\n}\n',
    errors: [
      "main:4:1: error: found '}' after '“d”', allowed are '= value', '{' and ': section {' [syntax]",
    ],
  },
  {
    name: 'a file that includes itself',
    text: 'a = b\ninclude main\n',
    errors: ["main:2:1: error: 'main' is included by itself: main → main [syntax]"],
  },
  {
    name: 'two files that include each other',
    text: 'include x.conf\n',
    more: { 'x.conf': '\n include main\n' },
    errors: ["x.conf:2:2: error: 'main' is included by itself: main → x.conf → main [syntax]"],
  },
  {
    name: 'a pattern that finds the file it is in',
    text: 'include *.conf\n',
    more: { 'a.conf': 'a = 1\ninclude *.conf\n', 'b.conf': '' },
    errors: ["a.conf:2:1: error: 'a.conf' is included by itself: main → a.conf → a.conf [syntax]"],
  },
  {
    name: 'files that include each other without end',
    text: 'include 0.conf\n',
    more: included(40),
    errors: ["14.conf:1:1: error: '15.conf' is included more than 16 levels deep [syntax]"],
  },
  {
    name: 'braces without end',
    text: repeat('a {\n', 100),
    errors: ["main:65:3: error: sections are nested deeper than 64, is a '}' missing? [syntax]"],
  },
  {
    name: 'braces too deep',
    text: `${repeat('a {\n', 65)}${repeat('}', 65)}`,
    errors: ["main:65:3: error: sections are nested deeper than 64, is a '}' missing? [syntax]"],
  },
  {
    name: 'nothing but braces',
    text: repeat('{', 10_000),
    errors: ["main:1:1: error: found '{', allowed is the name of a section or key [syntax]"],
  },
  {
    name: 'nothing but quotes',
    text: repeat('"', 10_001),
    errors: ["main:1:1: error: found '\"', allowed is the name of a section or key [syntax]"],
  },
  {
    name: 'JSON',
    text: '{\n  "charon": { "port": 500 }\n}\n',
    errors: ["main:1:1: error: found '{', allowed is the name of a section or key [syntax]"],
  },
  {
    name: 'XML',
    text: '<?xml version="1.0"?>\n<charon/>\n',
    errors: [
      "main:1:7: error: found 'v' after '<?xml', allowed are '= value', '{' and ': section {' [syntax]",
    ],
  },
  {
    name: 'YAML',
    text: 'charon:\n  port: 500\n',
    errors: [
      "main:2:7: error: found ':' after 'charon', allowed are '= value', '{' and ': section {' [syntax]",
    ],
  },
  {
    name: 'an INI file',
    text: '[charon]\nport = 500\n',
    errors: [
      "main:2:1: error: found 'p' after '[charon]', allowed are '= value', '{' and ': section {' [syntax]",
    ],
  },
  {
    name: 'a PEM file',
    text: '-----BEGIN CERTIFICATE-----\nMIIB\n',
    errors: [
      "main:1:12: error: found 'C' after '-----BEGIN', allowed are '= value', '{' and ': section {' [syntax]",
    ],
  },
  {
    name: 'a program',
    text: Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0),
    errors: [
      'main:1:1: error: found character U+007F, allowed is the name of a section or key [syntax]',
    ],
  },
  {
    name: 'an ipsec.conf',
    text: 'config setup\n  uniqueids=no\nconn x\n  left=%any\n',
    errors: [
      "main:1:8: error: found 's' after 'config', allowed are '= value', '{' and ': section {' [syntax]",
    ],
  },
  {
    name: 'a merge that was not finished',
    text: 'a {\n<<<<<<< HEAD\n  b = 1\n=======\n  b = 2\n>>>>>>> x\n}\n',
    errors: [
      "main:2:9: error: found 'H' after '<<<<<<<', allowed are '= value', '{' and ': section {' [syntax]",
    ],
  },
];

/** What looks broken and is allowed. */
export const ALLOWED_SYNTAX: readonly BrokenFile[] = [
  { name: 'nothing', text: '', errors: [] },
  { name: 'comments', text: '# a {\n#}\n   # "', errors: [] },
  { name: 'CRLF', text: 'a {\r\n  b = c\r\n  d = "e\r\nf"\r\n}\r\n', errors: [] },
  {
    name: 'a byte order mark',
    text: Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0x20, 0x7b, 0x7d),
    errors: [],
  },
  { name: 'no newline at the end', text: 'a { b = c }', errors: [] },
  { name: 'a comment in ISO 8859-1', text: latin1Octets('# M\u00fcnchen\na { }\n'), errors: [] },
  { name: 'NUL in a comment', text: '# \0\na { }\n', errors: [] },
  { name: 'a line of a megabyte', text: `# ${'x'.repeat(1_000_000)}\na { }\n`, errors: [] },
  {
    name: 'includes that find nothing',
    text: 'include nothing.conf\ninclude x/*.conf\n',
    errors: [],
  },
  { name: 'a section that inherits itself', text: 'a : a { b = c }\n', errors: [] },
  {
    name: 'a file that is included twice',
    text: 'include x.conf\ninclude x.conf\n',
    more: { 'x.conf': 'a { b = 1 }\n' },
    errors: [],
  },
  { name: 'sections and keys that stand twice', text: 'a { b = 1 }\na { b = 2 }\n', errors: [] },
];
