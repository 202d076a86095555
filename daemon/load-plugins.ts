import type { DaemonOptions } from './config/options.ts';
import type { Plugin } from './contracts/plugin.ts';
import { ExitCode, StartupError } from './exit-codes.ts';
import { errorText } from './util/error.ts';

/** The plugins that a daemon runs with, by the feature each was chosen for. */
export interface LoadedPlugins {
  readonly names: readonly string[];
  readonly crypto: Required<Pick<Plugin, 'crypto'>>;
  readonly kernel: Required<Pick<Plugin, 'kernel'>>;
  readonly transport: Required<Pick<Plugin, 'transport'>>;
}

/** Loads the plugins that the options name. Rejects with {@link StartupError} if one is missing or lacks its feature. */
export async function loadPlugins(options: DaemonOptions): Promise<LoadedPlugins> {
  const cryptoName = options['plugins.crypto-noble.load'] ? 'crypto-noble' : 'crypto-node';
  const kernelName = options['plugins.kernel-null.load'] ? 'kernel-null' : 'kernel-netlink';
  const transportName = 'socket-netlink';
  const [crypto, kernel, transport] = await Promise.all(
    [cryptoName, kernelName, transportName].map(load),
  );
  return {
    names: [cryptoName, kernelName, transportName],
    crypto: { crypto: feature(crypto, cryptoName, 'crypto') },
    kernel: { kernel: feature(kernel, kernelName, 'kernel') },
    transport: { transport: feature(transport, transportName, 'transport') },
  };
}

/** Sources run as they are, `dist/` holds compiled ones: a plugin is written in the same form as this file. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

async function load(name: string): Promise<Plugin> {
  try {
    const module: { readonly default: Plugin } = await import(
      `../plugins/${name}/plugin.${EXTENSION}`
    );
    return module.default;
  } catch (error) {
    throw new StartupError(
      ExitCode.INTERNAL,
      `plugin ${name} cannot be loaded: ${errorText(error)}`,
      { cause: error },
    );
  }
}

function feature<K extends 'crypto' | 'kernel' | 'transport'>(
  plugin: Plugin | undefined,
  name: string,
  key: K,
): NonNullable<Plugin[K]> {
  const value = plugin?.[key];
  if (value === undefined) {
    throw new StartupError(ExitCode.INTERNAL, `plugin ${name} does not provide ${key}`);
  }
  return value;
}
