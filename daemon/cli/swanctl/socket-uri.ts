import { readConfFile } from '../../config/strongswan-conf.ts';
import type { OperatorFiles } from '../../contracts/operator-files.ts';
import { ConfigError } from '../../util/error.ts';

const DEFAULT_URI = 'unix:///var/run/charon.vici';
const DEFAULT_CONF = '/etc/strongswan.conf';

/** The socket to use, or why there is none. */
export type SocketChoice =
  | {
      readonly ok: true;
      readonly uri: string;
      readonly path: string;
      /** What is wrong with strongswan.conf, so that the usual place had to be taken. */
      readonly guessed?: string;
    }
  | { readonly ok: false; readonly reason: string };

/**
 * Chooses the daemon's socket: what the command line says, else `swanctl.socket`, else `swanctl.plugins.vici.socket`, else
 * `charon.plugins.vici.socket` of strongswan.conf, else the usual place. The third is ours: a daemon that was told another place is
 * found there.
 */
export function chooseSocket(
  uri: string | undefined,
  world: { readonly files: OperatorFiles; readonly environment: ReadonlyMap<string, string> },
): SocketChoice {
  const { socket, guessed } = uri === undefined ? configured(world) : { socket: uri };
  const chosen = socket ?? DEFAULT_URI;
  if (!chosen.startsWith('unix://')) {
    return {
      ok: false,
      reason: `URI '${chosen}' is not supported, write unix:///path/of/the/socket`,
    };
  }
  const path = chosen.slice('unix://'.length);
  return { ok: true, uri: chosen, path, ...(guessed === undefined ? {} : { guessed }) };
}

const PLACES: readonly (readonly string[])[] = [
  ['swanctl'],
  ['swanctl', 'plugins', 'vici'],
  ['charon', 'plugins', 'vici'],
];

function configured({
  files,
  environment,
}: {
  readonly files: OperatorFiles;
  readonly environment: ReadonlyMap<string, string>;
}): { readonly socket?: string; readonly guessed?: string } {
  const file = environment.get('STRONGSWAN_CONF') ?? DEFAULT_CONF;
  if (!files.exists(file)) return {};
  try {
    const root = readConfFile(file, files);
    for (const place of PLACES) {
      let node = root;
      for (const name of place) node = node.at(name);
      const text = node.value('socket')?.text;
      if (text !== undefined && text !== '') return { socket: text };
    }
  } catch (error) {
    // The daemon says what is wrong with its file; where its socket is can still be guessed.
    if (!(error instanceof ConfigError)) throw error;
    return { guessed: error.message };
  }
  return {};
}
