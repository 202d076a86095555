import type { DaemonOptions } from './config/options.ts';
import type { LocalDatagrams } from './contracts/local-datagram.ts';
import type { Plugin } from './contracts/plugin.ts';
import { ExitCode, StartupError } from './exit-codes.ts';
import { errorText } from './util/error.ts';

/** The plugins that a daemon runs with, by the feature each was chosen for. */
export interface LoadedPlugins {
  readonly names: readonly string[];
  /** In the order of preference, at least one. */
  readonly crypto: readonly CryptoPlugin[];
  readonly kernel: Required<Pick<Plugin, 'kernel'>>;
  readonly transport: Required<Pick<Plugin, 'transport'>>;
  /** Absent if DNS servers are left alone. */
  readonly nameServers: Plugin['nameServers'] | undefined;
  /** Absent if credentials come over VICI only. */
  readonly credentialFiles: Plugin['credentialFiles'] | undefined;
  /** Absent unless others may watch. */
  readonly monitoring: Plugin['monitoring'] | undefined;
  /** Absent unless keys are to be given away. */
  readonly keyLog: Plugin['keyLog'] | undefined;
}

/** A plugin with algorithms; making its provider may throw where the machine lacks what it needs. */
export type CryptoPlugin = Required<Pick<Plugin, 'name' | 'crypto'>>;

/** Loads the plugins that the options name. Rejects with {@link StartupError} if one is missing or lacks its feature. */
export async function loadPlugins(options: DaemonOptions): Promise<LoadedPlugins> {
  const cryptoNames = cryptoPlugins(options);
  const kernelName = options['plugins.kernel-null.load'] ? 'kernel-null' : 'kernel-netlink';
  const transportName = 'socket-netlink';
  const resolving = options['plugins.resolve.load'] && kernelName !== 'kernel-null';
  const names: readonly PluginName[] = [
    ...cryptoNames,
    kernelName,
    transportName,
    ...(resolving ? (['resolve'] as const) : []),
    ...(options['plugins.metrics.load'] ? (['metrics'] as const) : []),
    ...(options['plugins.save-keys.load'] ? (['save-keys'] as const) : []),
    ...(options['plugins.credentials-files.load'] ? (['credentials-files'] as const) : []),
  ];
  const loaded = await Promise.all(names.map(load));
  const [kernel, transport] = loaded.slice(cryptoNames.length);
  return {
    names,
    crypto: cryptoNames.map((name, i) => ({ name, crypto: feature(loaded[i], name, 'crypto') })),
    kernel: { kernel: feature(kernel, kernelName, 'kernel') },
    transport: { transport: feature(transport, transportName, 'transport') },
    nameServers: loaded.find((plugin) => plugin.nameServers !== undefined)?.nameServers,
    monitoring: loaded.find((plugin) => plugin.monitoring !== undefined)?.monitoring,
    keyLog: loaded.find((plugin) => plugin.keyLog !== undefined)?.keyLog,
    credentialFiles: loaded.find((plugin) => plugin.credentialFiles !== undefined)?.credentialFiles,
  };
}

function cryptoPlugins(options: DaemonOptions): readonly PluginName[] {
  if (options['plugins.crypto-noble.load']) return ['crypto-noble'];
  return options['plugins.crypto-libcrypto.load']
    ? ['crypto-libcrypto', 'crypto-node']
    : ['crypto-node'];
}

/** What sends to syslog and the journal; loaded before everything else, so that the log is there from the start. */
export async function loadLocalDatagrams(): Promise<LocalDatagrams> {
  return feature(await load('local-datagram'), 'local-datagram', 'localDatagrams')();
}

/** What tells who is at the other end of a UNIX stream. */
export async function loadPeerCredentials(): Promise<Required<Plugin>['peerCredentials']> {
  return feature(await load('local-datagram'), 'local-datagram', 'peerCredentials');
}

/** Every plugin, loaded only when it is asked for; written out, so that a bundler finds them. */
const PLUGINS = {
  'credentials-files': () => import('../plugins/credentials-files/plugin.ts'),
  'crypto-libcrypto': () => import('../plugins/crypto-libcrypto/plugin.ts'),
  'crypto-node': () => import('../plugins/crypto-node/plugin.ts'),
  'crypto-noble': () => import('../plugins/crypto-noble/plugin.ts'),
  'kernel-netlink': () => import('../plugins/kernel-netlink/plugin.ts'),
  'kernel-null': () => import('../plugins/kernel-null/plugin.ts'),
  'local-datagram': () => import('../plugins/local-datagram/plugin.ts'),
  metrics: () => import('../plugins/metrics/plugin.ts'),
  resolve: () => import('../plugins/resolve/plugin.ts'),
  'save-keys': () => import('../plugins/save-keys/plugin.ts'),
  'socket-netlink': () => import('../plugins/socket-netlink/plugin.ts'),
} as const;

type PluginName = keyof typeof PLUGINS;

async function load(name: PluginName): Promise<Plugin> {
  try {
    const module: { readonly default: Plugin } = await PLUGINS[name]();
    return module.default;
  } catch (error) {
    throw new StartupError(
      ExitCode.INTERNAL,
      `plugin ${name} cannot be loaded: ${errorText(error)}`,
      { cause: error },
    );
  }
}

function feature<
  K extends 'crypto' | 'kernel' | 'transport' | 'localDatagrams' | 'peerCredentials',
>(plugin: Plugin | undefined, name: string, key: K): NonNullable<Plugin[K]> {
  const value = plugin?.[key];
  if (value === undefined) {
    throw new StartupError(ExitCode.INTERNAL, `plugin ${name} does not provide ${key}`);
  }
  return value;
}
