import { readFileSync } from 'node:fs';
import { NodeFiles } from '../../runtime/node-files.ts';
import { NodeStreams } from '../../runtime/node-stream.ts';
import { NodeTerminal } from '../../runtime/node-terminal.ts';
import { runSwanctl } from './program.ts';

/** Where the manifest is, seen from the sources and from the bundle. */
const MANIFEST = import.meta.url.endsWith('.ts') ? '../../../package.json' : '../../package.json';

/** Runs the program with the arguments of this process; resolves with the exit code. */
export function main(): Promise<number> {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL(MANIFEST, import.meta.url), 'utf8'),
  );
  return runSwanctl(process.argv.slice(2), {
    terminal: new NodeTerminal(),
    files: new NodeFiles(),
    streams: new NodeStreams(),
    environment: new Map(
      Object.entries(process.env).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as const],
      ),
    ),
    name: process.argv[1] ?? 'swanctl',
    version: manifest.version,
    now: Date.now,
  });
}
