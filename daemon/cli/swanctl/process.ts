import { NodeFiles } from '../../runtime/node-files.ts';
import { NodeStreams } from '../../runtime/node-stream.ts';
import { NodeTerminal } from '../../runtime/node-terminal.ts';
import { environment, loadCrypto, loadDecoders, packageVersion } from '../common/process.ts';
import { runSwanctl } from './program.ts';

/** Runs the program with the arguments of this process; resolves with the exit code. */
export function main(): Promise<number> {
  return runSwanctl(process.argv.slice(2), {
    terminal: new NodeTerminal(),
    files: new NodeFiles(),
    streams: new NodeStreams(),
    decoders: loadDecoders,
    crypto: loadCrypto,
    environment: environment(),
    name: process.argv[1] ?? 'swanctl',
    version: packageVersion(),
    now: Date.now,
  });
}
