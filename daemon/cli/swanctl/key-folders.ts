import { findText, value } from '../../config/tree.ts';
import type { CommandContext } from './command.ts';
import { tryAsk } from './commands/load-config.ts';
import { contents, filesOf } from './folder-files.ts';

/** Folders of private keys, and the type that is said of their files. */
const FOLDERS: readonly (readonly [folder: string, type: string])[] = [
  ['private', 'any'],
  ['rsa', 'rsa'],
  ['ecdsa', 'ecdsa'],
  ['pkcs8', 'any'],
];

/** Loads the private keys of all folders; resolves with the ids of those that the daemon took. */
export async function loadKeys(cx: CommandContext, base: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const [folder, type] of FOLDERS) {
    for (const path of filesOf(cx, `${base}/${folder}`)) {
      const id = await loadKey(cx, path, type);
      if (id !== undefined) ids.push(id);
    }
  }
  return ids;
}

async function loadKey(
  cx: CommandContext,
  path: string,
  type: string,
): Promise<string | undefined> {
  const data = contents(cx, path);
  if (data === undefined) return undefined;
  const answer = await tryAsk(cx, 'load-key', [value('type', type), value('data', data)]);
  data.fill(0);
  if (answer === undefined) return undefined;
  const loaded = findText(answer, 'success') === 'yes';
  if (cx.form === undefined) {
    if (loaded) cx.terminal.out(`loaded ${type} key from '${path}'\n`);
    else cx.terminal.error(`loading '${path}' failed: ${findText(answer, 'errmsg') ?? ''}\n`);
  }
  return loaded ? findText(answer, 'id') : undefined;
}
