import { parseAuthority } from '../../../config/authority.ts';
import type { ConfNode } from '../../../config/conf-tree.ts';
import { parseConnection } from '../../../config/connection.ts';
import type { ConnectionConfig } from '../../../config/connection-types.ts';
import { KEY_STATUS } from '../../../config/feature-status.ts';
import { type PoolConfig, parsePool } from '../../../config/pool.ts';
import type { AuthorityConfig } from '../../../contracts/credentials.ts';
import { ConfigError } from '../../../util/error.ts';
import {
  authorityMessage,
  connectionMessage,
  FileProblem,
  poolMessage,
  requestOf,
  sectionOf,
} from '../conf-messages.ts';
import { locate, placeOf } from './locate.ts';
import type { Checked, CheckedConfig, CheckWorld } from './model.ts';
import { type ReadItem, readItem } from './read-items.ts';

/** Reads all connections, pools and authorities as the daemon would. */
export function checkItems(root: ConfNode, config: CheckedConfig, world: CheckWorld): void {
  for (const [name, node] of sectionsOf(root, 'authorities', world)) {
    config.authorities.push({ name, node, ...readAuthority(name, node, config, world) });
  }
  for (const [name, node] of sectionsOf(root, 'pools', world)) {
    config.pools.push({ name, node, ...readPool(name, node, world) });
  }
  for (const [name, node] of sectionsOf(root, 'connections', world)) {
    config.connections.push(checkConnection(name, node, config, world));
  }
}

/** Reads one connection as the daemon would. */
export function checkConnection(
  name: string,
  node: ConfNode,
  { credentials }: Pick<CheckedConfig, 'credentials'>,
  { crypto, files, base, findings }: CheckWorld,
): Checked<ConnectionConfig> {
  const section = `connections.${name}`;
  const onWarning = (message: string, at: readonly string[]): void => {
    const position = locate(node, at);
    findings.add({ severity: 'warning', code: 'not-in-effect', position, section, message });
  };
  const result = readItem(
    { node, section, findings, allowedIn: keysIn },
    (onProblem) => {
      const message = connectionMessage(node, base, files, onProblem);
      requestOf('load-conn', name, message, node);
      return message;
    },
    (tree) => parseConnection(name, tree, { crypto, credentials, onWarning }).config,
  );
  return { name, node, ...result };
}

/** Keys of a connection, of a round of authentication or of a child. */
function keysIn([first]: readonly string[]): Iterable<string> {
  const lower = first?.toLowerCase();
  const level =
    lower === undefined
      ? 'connection'
      : lower.startsWith('local')
        ? 'local'
        : lower.startsWith('remote')
          ? 'remote'
          : 'child';
  return KEY_STATUS[level].keys();
}

/** Reads one authority as the daemon would. */
export function readAuthority(
  name: string,
  node: ConfNode,
  { credentials }: Pick<CheckedConfig, 'credentials'>,
  { files, base, findings }: CheckWorld,
): ReadItem<AuthorityConfig> {
  return readItem(
    { node, section: `authorities.${name}`, findings },
    (onProblem) => {
      const message = authorityMessage(node, base, files, onProblem);
      requestOf('load-authority', name, message, node);
      return message;
    },
    (tree) => {
      const authority = parseAuthority(name, tree);
      const outcome = credentials.loadAuthorities([authority]);
      if (outcome.ok) return authority;
      const message = `invalid value for: cacert, authority discarded: ${outcome.explanation}`;
      throw new ConfigError('cacert', message);
    },
  );
}

/** Reads one pool as the daemon would. */
export function readPool(
  name: string,
  node: ConfNode,
  { findings }: Pick<CheckWorld, 'findings'>,
): ReadItem<PoolConfig> {
  return readItem(
    { node, section: `pools.${name}`, findings },
    (onProblem) => {
      const message = poolMessage(node, onProblem);
      requestOf('load-pool', name, message, node);
      return message;
    },
    (tree) => parsePool(name, tree),
  );
}

/** The sub-sections of a section of the root, by name; one that cannot be resolved is an error. */
export function* sectionsOf(
  root: ConfNode,
  plural: string,
  { findings }: Pick<CheckWorld, 'findings'>,
): Iterable<readonly [string, ConfNode]> {
  const node = root.at(plural);
  for (const name of node.sectionNames()) {
    try {
      yield [name, sectionOf(node, name)];
    } catch (error) {
      if (!(error instanceof FileProblem)) throw error;
      findings.add({
        severity: 'error',
        code: 'inheritance',
        position: error.position ?? placeOf(node),
        section: `${plural}.${name}`,
        message: error.message,
      });
    }
  }
}
