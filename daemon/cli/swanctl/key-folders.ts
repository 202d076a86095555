import type { ConfNode } from '../../config/conf-tree.ts';
import { findText, value } from '../../config/tree.ts';
import { utf8 } from '../../util/bytes.ts';
import {
  isEncrypted,
  openContainer,
  openEncryptedKey,
  type Passphrases,
} from '../private-key-files.ts';
import type { CommandContext } from './command.ts';
import { tryAsk } from './commands/load-config.ts';
import { FileProblem, sectionOf } from './conf-messages.ts';
import { contents, filesOf, KEY_FOLDERS } from './folder-files.ts';

/** What came of loading the files of private keys. */
export interface LoadedKeys {
  /** Of the keys that the daemon took. */
  readonly ids: readonly string[];
  /** Whether it took all that there are: which of its keys is in a file that nobody could read, or open, cannot be told. */
  readonly complete: boolean;
}

/** Loads the private keys of all folders, and what PKCS#12 containers hold. */
export async function loadKeys(
  cx: CommandContext,
  base: string,
  secrets: ConfNode,
): Promise<LoadedKeys> {
  const ids: (string | undefined)[] = [];
  for (const [folder, type] of KEY_FOLDERS) {
    for (const path of filesOf(cx, `${base}/${folder}`)) {
      ids.push(await loadFile(cx, path, type, folder, secrets));
    }
  }
  for (const path of filesOf(cx, `${base}/pkcs12`)) {
    ids.push(...(await loadContainer(cx, path, secrets)));
  }
  return { ids: ids.flatMap((id) => id ?? []), complete: !ids.includes(undefined) };
}

async function loadFile(
  cx: CommandContext,
  path: string,
  type: string,
  folder: string,
  secrets: ConfNode,
): Promise<string | undefined> {
  const data = contents(cx, path);
  if (data === undefined) return undefined;
  const passphrases = passphrasesFor(cx, path, folder, secrets);
  const opened = await openEncryptedKey(data, passphrases);
  if (opened === undefined) {
    const tried = passphrases.known.length;
    if (tried > 0 && (await isEncrypted(data)))
      cx.terminal.error(
        `'${path}' is encrypted, and ${tried === 1 ? 'the passphrase' : `none of the ${tried} passphrases`} in the section secrets ${tried === 1 ? 'does not fit' : 'fits'}\n`,
      );
    return loadKey(cx, path, type, folder, data);
  }
  data.fill(0);
  return loadKey(cx, path, opened.type, opened.type.toUpperCase(), opened.data);
}

async function loadContainer(
  cx: CommandContext,
  path: string,
  secrets: ConfNode,
): Promise<(string | undefined)[]> {
  const data = contents(cx, path);
  if (data === undefined) return [undefined];
  const opened = await openContainer(data, passphrasesFor(cx, path, 'pkcs12', secrets));
  data.fill(0);
  if (opened === undefined) {
    cx.terminal.error(`parsing PKCS#12 file '${path}' failed: no passphrase that fits\n`);
    return [undefined];
  }
  for (const [type, objects] of [
    ['X509', opened.certificates],
    ['X509_CRL', opened.crls],
  ] as const) {
    for (const object of objects) await loadCertificate(cx, path, type, object);
  }
  const ids: (string | undefined)[] = [];
  for (const key of opened.keys) ids.push(await loadKey(cx, path, 'any', 'private', key));
  return ids;
}

function passphrasesFor(
  cx: CommandContext,
  path: string,
  folder: string,
  secrets: ConfNode,
): Passphrases {
  return {
    known: knownPassphrases(path, folder, secrets),
    ask: () =>
      cx.has('noprompt')
        ? Promise.resolve(undefined)
        : cx.terminal.askSecret(`Passphrase for '${path}': `),
  };
}

/** Passphrases of the configuration for a file, which is named without regard to case. */
export function knownPassphrases(
  path: string,
  folder: string,
  secrets: ConfNode,
): readonly Uint8Array[] {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  return secrets
    .sectionNames()
    .filter((section) => section.toLowerCase().startsWith(folder))
    .flatMap((section) => resolved(secrets, section))
    .filter((node) => node.value('file')?.text.toLowerCase() === name)
    .flatMap((node) =>
      node
        .keys()
        .filter((key) => key.startsWith('secret'))
        .map((key) => utf8(node.value(key)?.text ?? '')),
    );
}

/** A section, or none if it cannot be resolved, which is said where the secrets are loaded. */
function resolved(secrets: ConfNode, name: string): readonly ConfNode[] {
  try {
    return [sectionOf(secrets, name)];
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    return [];
  }
}

/** Sends a key and wipes it. */
async function loadKey(
  cx: CommandContext,
  path: string,
  type: string,
  label: string,
  data: Uint8Array,
): Promise<string | undefined> {
  const answer = await tryAsk(cx, 'load-key', [value('type', type), value('data', data)]);
  data.fill(0);
  if (answer === undefined) return undefined;
  const loaded = findText(answer, 'success') === 'yes';
  if (cx.form === undefined) {
    if (loaded) cx.terminal.out(`loaded ${label} key from '${path}'\n`);
    else cx.terminal.error(`loading '${path}' failed: ${findText(answer, 'errmsg') ?? ''}\n`);
  }
  return loaded ? findText(answer, 'id') : undefined;
}

async function loadCertificate(
  cx: CommandContext,
  path: string,
  type: string,
  data: Uint8Array,
): Promise<void> {
  const answer = await tryAsk(cx, 'load-cert', [
    value('type', type),
    value('flag', 'NONE'),
    value('data', data),
  ]);
  if (answer === undefined || cx.form !== undefined) return;
  if (findText(answer, 'success') === 'yes') cx.terminal.out(`loaded certificate from '${path}'\n`);
  else cx.terminal.error(`loading '${path}' failed: ${findText(answer, 'errmsg') ?? ''}\n`);
}
