import { IpsecLoader } from '../../daemon/cli/ipsec/load.ts';
import { ConfigError } from '../../daemon/util/error.ts';
import { ViciChannel } from '../../daemon/vici/channel.ts';
import type { Contents } from './check-run.ts';
import { decodeTools } from './decode-tools.ts';
import { MemoryTerminal } from './memory-terminal.ts';
import { OperatorMemoryFiles } from './operator-memory-files.ts';
import { testCrypto, type ViciBench } from './vici.ts';

/** What loading said: each line, or the one error that stopped it before anything was loaded. */
export interface IpsecLoaded {
  readonly stopped: boolean;
  readonly said: readonly string[];
}

/** Loads ipsec.conf and ipsec.secrets of /etc, as `ipsec start` does. */
export async function loadIpsec(bench: ViciBench, contents: Contents): Promise<IpsecLoaded> {
  const paths = Object.entries(contents).map(([path, content]) => [`/etc/${path}`, content]);
  const terminal = new MemoryTerminal();
  await using vici = await ViciChannel.connect(bench.streams, bench.path);
  const world = {
    vici,
    terminal,
    files: new OperatorMemoryFiles(Object.fromEntries(paths)),
    decoders: () => Promise.resolve(decodeTools),
    crypto: () => Promise.resolve(testCrypto),
    environment: new Map<string, string>(),
    version: '0',
    now: () => 0,
  };
  const places = {
    conf: '/etc/ipsec.conf',
    secrets: '/etc/ipsec.secrets',
    host: { folder: '/etc/ipsec.d', isOwnAddress: (address: string) => address === '192.0.2.1' },
  };
  try {
    await new IpsecLoader(world, places).all();
    return { stopped: false, said: terminal.stderr.split('\n').slice(0, -1) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { stopped: true, said: [error.message] };
  }
}
