import { type ConfNode, printPosition } from '../../config/conf-tree.ts';
import type { Crypto } from '../../contracts/crypto.ts';
import type { CommandWorld } from '../swanctl/command.ts';
import type { ExplainFailure } from '../swanctl/open-config.ts';

/** What loading works with; without `crypto` it cannot say where the daemon's reasons stand in the file. */
export interface IpsecLoaderWorld extends CommandWorld {
  /** The algorithms that a daemon has. */
  readonly crypto?: () => Promise<Crypto>;
}

/** Says where in ipsec.conf it is written what the daemon refused: it reads the same again, as `swanctl --check` does. */
export function faultsOf(
  { crypto, files, now }: Pick<IpsecLoaderWorld, 'crypto' | 'files' | 'now'>,
  root: ConfNode,
  base: string,
): ExplainFailure | undefined {
  if (crypto === undefined) return undefined;
  return async (plural, name) => {
    // Loaded when something is wrong, which is seldom.
    const { checkOne } = await import('../swanctl/check/check-one.ts');
    const world = { crypto: await crypto(), files, base, now: now(), prompts: true };
    return checkOne(root, plural, name, world).map(
      ({ position, message }) => `${printPosition(position)}: ${message}`,
    );
  };
}
