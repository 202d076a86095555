import { expect, test } from 'vitest';
import { ConfNode, danglingReferences } from '../../daemon/config/conf-tree.ts';
import { defaultOptions } from '../../daemon/config/options.ts';
import { resolveOptions } from '../../daemon/config/resolve-options.ts';
import { parseConfText } from '../../daemon/config/strongswan-conf.ts';
import { ConfigError } from '../../daemon/util/error.ts';
import { MemoryFiles } from '../support/memory-files.ts';
import { mutate, seeded } from '../support/mutate.ts';

const CORPUS = [
  'charon {\n  port = 500\n  plugins { vici { socket = "unix:///x y" } } # c\n  filelog { stdout { ike = 2 } }\n}\n',
  'charon-systemd : charon, base.x { keep_alive = 20s\n journal { default = 0 } }\nbase { x { a = "b\\n\\"c" } }\n',
  'a : b { c { d = e } }\nb : a, a.c { }\ninclude *.conf\ninclude "x y"\ncharon { include sub.conf\n threads = 4 }\n',
];
const FILES = new MemoryFiles({
  '/etc/one.conf': 'charon { keep_alive = 5 }',
  '/etc/sub.conf': 'cookie_threshold = 7\ninclude one.conf',
  '/etc/x y': 'b { z = 1 }',
});

/** Whether a text is a configuration; anything but a ConfigError with its place fails the test. */
function accepted(text: string): boolean {
  try {
    const root = parseConfText(text, '/etc/strongswan.conf', FILES);
    danglingReferences(root);
    const { options } = resolveOptions(ConfNode.of(root), 'charon-systemd');
    expect(Object.keys(options)).toEqual(Object.keys(defaultOptions()));
    return true;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).toMatch(/^\/etc\/\S*( y)?:\d+:\d+: |must differ|spi_min/);
    return false;
  }
}

/** The time a text takes: the least of three runs, since the machine has other things to do. */
function cpuMillis(text: string): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3 && least > 20; run++) {
    const start = performance.now();
    accepted(text);
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

test.each([1, 2, 3])(
  'any text is a configuration or an error with its place, in time, seed %i',
  (seed) => {
    const below = seeded(seed);
    const encoder = new TextEncoder();
    const decoder = new TextDecoder();
    let refused = 0;
    let slowest = 0;
    for (let i = 0; i < 10_000; i++) {
      const text = decoder.decode(
        mutate(encoder.encode(CORPUS[below(CORPUS.length)] ?? ''), below),
      );
      if (!accepted(text)) refused++;
      slowest = Math.max(slowest, cpuMillis(text));
    }
    expect(refused).toBeGreaterThan(500);
    expect(refused).toBeLessThan(9500);
    expect(slowest).toBeLessThan(250);
  },
);

test('megabytes of repetition take time in proportion', () => {
  const start = process.cpuUsage().user;
  const count = 100_000;
  for (const text of [
    'k = v\n'.repeat(count),
    `k = ${'a '.repeat(count)}`,
    `k = "${'\\"'.repeat(count)}"`,
    `${'#'.repeat(count)}\n`.repeat(5),
    'a { b { c = d } }\n'.repeat(count / 10),
    `a : ${'b, '.repeat(2000)}b { }\nb { k = 1 }`,
    ' \t'.repeat(count),
  ]) {
    ConfNode.of(parseConfText(text, '/f', FILES))
      .at('a')
      .keys();
  }
  expect(process.cpuUsage().user - start).toBeLessThan(3_000_000);
});

test('sections that inherit each other in every way end, SEC-83', () => {
  const names = Array.from({ length: 30 }, (_, i) => `s${i}`);
  const text = names
    .map((name) => `${name} : ${names.join(', ')} { k = ${name}\n sub { x = 1 } }`)
    .join('\n');
  const tree = ConfNode.of(parseConfText(text, '/f', FILES));
  const start = process.cpuUsage().user;
  expect(tree.at('s0').value('k')?.text).toBe('s0');
  expect(tree.at('s0', 'sub').keys()).toEqual(['x']);
  expect(process.cpuUsage().user - start).toBeLessThan(1_000_000);
});
