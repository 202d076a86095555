import type { ConfNode } from '../../config/conf-tree.ts';
import { readConfFile } from '../../config/strongswan-conf.ts';
import { ConfigError } from '../../util/error.ts';
import { type BaseContext, CommandFailure, Errno } from './command.ts';

/** swanctl.conf and the folder its files are in. */
export interface OpenedConfig {
  readonly root: ConfNode;
  readonly base: string;
  readonly explain?: ExplainFailure | undefined;
}

/** More lines about something that could not be loaded. */
export type ExplainFailure = (
  plural: 'connections' | 'pools' | 'authorities',
  name: string,
) => Promise<readonly string[]>;

/** The sections of swanctl.conf. */
export const SECTIONS = ['connections', 'secrets', 'pools', 'authorities'] as const;

/** Where the configuration is if nothing else is said. */
const DEFAULT_BASE = '/etc/swanctl';

/**
 * Reads swanctl.conf: the file of `--file`, else that of the folder in `SWANCTL_DIR`, else of /etc/swanctl. Throws
 * {@link CommandFailure} if it is missing or broken: unlike the stock program, which then unloads whatever is loaded.
 */
export function openConfig(cx: BaseContext): OpenedConfig {
  const { file, base } = configPlace(cx);
  if (!cx.files.exists(file)) {
    throw new CommandFailure(
      `failed to open config file '${file}': No such file or directory`,
      Errno.EINVAL,
    );
  }
  try {
    const root = readConfFile(file, cx.files);
    // What cannot be resolved ends here, before anything is loaded.
    for (const name of SECTIONS) root.at(name);
    return { root, base };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CommandFailure(`parsing '${file}' failed: ${error.message}`, Errno.EINVAL);
  }
}

/** Where swanctl.conf is, and the folder of everything else. */
export function configPlace(cx: BaseContext): { readonly file: string; readonly base: string } {
  const file = cx.text('file');
  if (file !== undefined) {
    const slash = file.lastIndexOf('/');
    return { file, base: slash < 0 ? '.' : file.slice(0, Math.max(slash, 1)) };
  }
  const folder = cx.environment.get('SWANCTL_DIR');
  const base = folder === undefined ? DEFAULT_BASE : folder === '' ? '.' : folder;
  return { file: `${base}/swanctl.conf`, base };
}
