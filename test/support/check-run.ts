import { runSwanctl } from '../../daemon/cli/swanctl/program.ts';
import type { BrokenFile } from './broken-configs/broken-file.ts';
import { decodeTools } from './decode-tools.ts';
import { MemoryTerminal } from './memory-terminal.ts';
import { OperatorMemoryFiles } from './operator-memory-files.ts';
import { testCrypto } from './vici.ts';

/** What `swanctl --check` said. */
export interface Checked {
  readonly code: number;
  /** Findings, one a line, without the folder. */
  readonly lines: readonly string[];
  readonly summary: string;
  readonly stdout: string;
}

/** Files by path; relative paths begin at {@link FOLDER}. */
export type Contents = Readonly<Record<string, string | Uint8Array>>;

/** The folder that files of these tests are in. */
export const FOLDER = '/etc/swanctl';

/** Runs `swanctl --check` over files whose paths begin at {@link FOLDER}; there is no daemon that it could ask. */
export async function check(
  contents: Contents,
  words: readonly string[] = [],
  now: number = Date.UTC(2026, 5, 1),
): Promise<Checked> {
  const terminal = new MemoryTerminal();
  const nobody = (): never => {
    throw new Error('--check asked for a daemon');
  };
  const code = await runSwanctl(['--check', ...words], {
    terminal,
    files: new OperatorMemoryFiles(atFolder(contents)),
    streams: { connect: nobody, listen: nobody, nextTurn: nobody },
    decoders: () => Promise.resolve(decodeTools),
    crypto: () => Promise.resolve(testCrypto),
    environment: new Map(),
    name: 'swanctl',
    version: '1.2.3',
    now: () => now,
  });
  if (terminal.stderr !== '') throw new Error(`--check complained: ${terminal.stderr}`);
  const lines = terminal.stdout.replaceAll(`${FOLDER}/`, '').split('\n').slice(0, -1);
  const summary = lines.pop() ?? '';
  return { code, lines, summary, stdout: terminal.stdout };
}

/** The same files, by absolute path. */
export function atFolder(contents: Contents): Contents {
  return Object.fromEntries(
    Object.entries(contents).map(([path, content]) => [
      path.startsWith('/') ? path : `${FOLDER}/${path}`,
      content,
    ]),
  );
}

/** Files of a broken configuration, of which the main one has this name. */
export function named({ text, more }: BrokenFile, main: string): Contents {
  const rename = (content: string | Uint8Array): string | Uint8Array =>
    typeof content === 'string' ? content.replaceAll('include main', `include ${main}`) : content;
  const others = Object.entries(more ?? {}).map(([path, content]) => [path, rename(content)]);
  return { [main]: rename(text), ...Object.fromEntries(others) };
}

/** Those findings that are errors. */
export function errorsOf({ lines }: Checked): readonly string[] {
  return lines.filter((line) => /^[^ ]*:\d+:\d+: error: /.test(line));
}
