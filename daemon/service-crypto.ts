import type { Crypto } from './contracts/crypto.ts';
import type { LogHub } from './contracts/logger.ts';
import { createCrypto } from './crypto/registry.ts';
import type { CryptoPlugin } from './load-plugins.ts';
import { errorText } from './util/error.ts';

/** Algorithms that passed their self tests, and the plugins that were left out because they cannot be used here. */
export interface OpenedCrypto {
  readonly crypto: Crypto;
  readonly unused: readonly string[];
}

/**
 * The algorithms of all plugins, the first that has one preferred. A plugin that cannot be loaded or fails its self test is left out, with
 * a line in the log, as long as another one follows it; throws what the last one throws.
 */
export function openCrypto(plugins: readonly CryptoPlugin[], log: LogHub): OpenedCrypto {
  const [preferred, ...others] = plugins;
  try {
    return { crypto: createCrypto(plugins.map(({ crypto }) => crypto())), unused: [] };
  } catch (error) {
    if (preferred === undefined || others.length === 0) throw error;
    log.log('lib', 1, `plugin ${preferred.name} is not used: ${errorText(error)}`);
    const { crypto, unused } = openCrypto(others, log);
    return { crypto, unused: [preferred.name, ...unused] };
  }
}
