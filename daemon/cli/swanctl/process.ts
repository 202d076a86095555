import { readFileSync } from 'node:fs';
import type { DecodeTools } from '../../credentials/x509/tools.ts';
import { NodeFiles } from '../../runtime/node-files.ts';
import { NodeStreams } from '../../runtime/node-stream.ts';
import { NodeTerminal } from '../../runtime/node-terminal.ts';
import { InternalError } from '../../util/error.ts';
import { runSwanctl } from './program.ts';

/** Where the manifest is, seen from the sources and from the bundle. */
const MANIFEST = import.meta.url.endsWith('.ts') ? '../../../package.json' : '../../package.json';

/** What only few commands need. */
async function loadDecoders(): Promise<DecodeTools> {
  const plugin = await import('../../../plugins/crypto-node/plugin.ts');
  const provider = plugin.default.crypto?.();
  return {
    publicKey: (spki) => provider?.signatures?.publicKey(spki),
    hash: (name, ...chunks) => {
      const hash = provider?.hashes[name];
      if (hash === undefined) throw new InternalError(`there is no ${name}`);
      return hash(...chunks);
    },
  };
}

/** Runs the program with the arguments of this process; resolves with the exit code. */
export function main(): Promise<number> {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL(MANIFEST, import.meta.url), 'utf8'),
  );
  return runSwanctl(process.argv.slice(2), {
    terminal: new NodeTerminal(),
    files: new NodeFiles(),
    streams: new NodeStreams(),
    decoders: loadDecoders,
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
