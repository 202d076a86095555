import { execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ikeSaView } from '../../support/fake-control.ts';
import { until, ViciBench } from '../../support/vici.ts';

const MAIN = fileURLToPath(new URL('../../../daemon/cli/swanctl/main.ts', import.meta.url));
const run = promisify(execFile);

// The program as a person runs it: a terminal of its own (script(1)), whose settings are printed before and after.
const SHELL = 'tty; stty rows 12 cols 90; stty -g; "$@"; echo "code $?"; stty -g';

function terminal(words: readonly string[]) {
  const line = ['sh', '-c', SHELL, 'sh', process.execPath, MAIN, ...words].map(quoted).join(' ');
  const child = spawn('script', ['-qefc', line, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const seen = { text: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    seen.text += text;
  });
  return { seen, ended, type: (keys: string) => child.stdin.write(keys) };
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** The settings of the terminal, each time they were printed. */
const settings = (text: string): readonly string[] =>
  [...text.matchAll(/^(?:[0-9a-f]+:){10,}[0-9a-f]+/gm)].map(([line]) => line);

test.each([
  ['q', 'q'],
  ['Ctrl-C', '\x03'],
])('--top on a terminal: drawn, redrawn when resized, and %s gives it back', async (_key, key) => {
  await using bench = await ViciBench.start();
  bench.control.sas = [ikeSaView()];
  const at = terminal(['--top', '--interval', '0.2', '--uri', `unix://${bench.path}`]);
  await until(() => / 0 {16}10\.9\.0\.2 'node-b\.exa…\r+\n/.test(at.seen.text), 20_000);
  expect(at.seen.text).toContain('\x1b[?1049h\x1b[?25l\x1b[?7l');
  const [tty = ''] = /\/dev\/\S+/.exec(at.seen.text) ?? [];
  const before = at.seen.text.length;
  await run('stty', ['-F', tty, 'rows', '6', 'cols', '40']);
  // The rows change before the columns do.
  const narrow = 'q quit   s order: traffic   arrows scro…';
  const frames = (): readonly string[] => at.seen.text.slice(before).split('\x1b[H');
  const shown = (): string | undefined => frames().find((frame) => frame.includes(narrow));
  await until(() => shown() !== undefined, 20_000);
  expect(shown()?.split('\n')).toHaveLength(6);
  at.type(key);
  await at.ended;
  expect(at.seen.text).toContain('\x1b[?7h\x1b[?25h\x1b[?1049lcode 0');
  const [first, last] = settings(at.seen.text);
  expect(first).toBeDefined();
  expect(last).toBe(first);
});

test('--top gives the terminal back when the daemon ends', async () => {
  const bench = await ViciBench.start();
  const at = terminal(['--top', '--uri', `unix://${bench.path}`]);
  await until(() => at.seen.text.includes('q quit'), 20_000);
  await bench[Symbol.asyncDispose]();
  await at.ended;
  expect(at.seen.text).toContain('\x1b[?1049lthe daemon closed the connection\r\ncode 104');
  const [first, last] = settings(at.seen.text);
  expect(first).toBeDefined();
  expect(last).toBe(first);
});
