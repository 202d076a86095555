import type { ConfNode } from '../../../config/conf-tree.ts';
import { findList, findText, type Tree, value } from '../../../config/tree.ts';
import { latin1 } from '../../../util/bytes.ts';
import { type CommandContext, type DaemonCommand, Errno } from '../command.ts';
import { FileProblem, problemLine, sectionOf } from '../conf-messages.ts';
import { DRY_RUN } from '../dry-run.ts';
import { CERTIFICATE_FOLDERS, contents, filesOf } from '../folder-files.ts';
import { loadKeys } from '../key-folders.ts';
import { type OpenedConfig, openConfig } from '../open-config.ts';
import { planCredentials } from '../plan-creds.ts';
import { secretKind, secretMessage, sharedSecrets } from '../secret-messages.ts';
import { flag, PRETTY, RAW } from '../shared-options.ts';
import {
  askQuietly,
  FILE,
  loadAddressPools,
  loadAuthorityConfigs,
  loadConnections,
  tryAsk,
} from './load-config.ts';

const OPTIONS = [
  flag('clear', 'c', 'clear previously loaded credentials'),
  flag('noprompt', 'n', 'do not prompt for passwords'),
  RAW,
  PRETTY,
  FILE,
  DRY_RUN,
];

export const loadCreds: DaemonCommand = {
  long: 'load-creds',
  short: 's',
  description: '(re-)load credentials',
  synopsis: ['[--raw|--pretty] [--clear] [--noprompt] [--dry-run]'],
  options: OPTIONS,
  run: (cx) => loadCredentials(cx, openConfig(cx)),
};

export const loadAll: DaemonCommand = {
  long: 'load-all',
  short: 'q',
  description: 'load credentials, authorities, pools and connections',
  synopsis: ['[--raw|--pretty] [--clear] [--noprompt] [--dry-run]'],
  options: OPTIONS,
  async run(cx) {
    const config = openConfig(cx);
    if (cx.has(DRY_RUN.long)) return planAll(cx, config);
    for (const step of [loadCredentials, loadAuthorityConfigs, loadAddressPools, loadConnections]) {
      const code = await step(cx, config);
      if (code !== 0) return code;
    }
    return 0;
  },
};

/** All of it, and the worst exit code: a plan goes on where loading would stop. */
async function planAll(cx: CommandContext, config: OpenedConfig): Promise<number> {
  let code = 0;
  for (const step of [loadCredentials, loadAuthorityConfigs, loadAddressPools, loadConnections])
    code = Math.max(code, await step(cx, config));
  return code;
}

/** Loads whatever the folders and the `secrets` section hold, and unloads what they have no more. */
export async function loadCredentials(cx: CommandContext, config: OpenedConfig): Promise<number> {
  if (cx.has(DRY_RUN.long)) {
    return planCredentials(cx, config, sharedSecrets(config.root.at('secrets')));
  }
  if (cx.has('clear')) {
    const answer = await tryAsk(cx, 'clear-creds', []);
    if (answer === undefined || findText(answer, 'success') !== 'yes') {
      if (answer !== undefined && cx.form === undefined)
        cx.terminal.error(`clear-creds failed: ${findText(answer, 'errmsg') ?? ''}\n`);
      return Errno.ECONNREFUSED;
    }
  }
  const goneKeys = await known(cx, 'get-keys');
  const goneSecrets = await known(cx, 'get-shared');
  for (const [folder, type, certFlag] of CERTIFICATE_FOLDERS) {
    for (const path of filesOf(cx, `${config.base}/${folder}`))
      await loadCertificate(cx, path, type, certFlag);
  }
  const keys = await loadKeys(cx, config.base, config.root.at('secrets'));
  for (const id of keys.ids) goneKeys.delete(id);
  await loadSecrets(cx, config.root.at('secrets'), goneSecrets);
  if (keys.complete) for (const id of goneKeys) await unload(cx, 'unload-key', 'key', id);
  else if (goneKeys.size > 0)
    cx.terminal.error(
      `not all private keys could be loaded: ${goneKeys.size} loaded before stay\n`,
    );
  for (const id of goneSecrets) await unload(cx, 'unload-shared', 'shared key', id);
  return 0;
}

/** Names that the daemon has now. */
async function known(cx: CommandContext, request: string): Promise<Set<string>> {
  const answer = await askQuietly(cx, request);
  return new Set((answer === undefined ? [] : (findList(answer, 'keys') ?? [])).map(latin1));
}

async function loadCertificate(
  cx: CommandContext,
  path: string,
  type: string,
  certFlag: string,
): Promise<void> {
  const data = contents(cx, path);
  if (data === undefined) return;
  const answer = await tryAsk(cx, 'load-cert', [
    value('type', type),
    value('flag', certFlag),
    value('data', data),
  ]);
  if (answer === undefined || cx.form !== undefined) return;
  if (findText(answer, 'success') === 'yes') cx.terminal.out(`loaded certificate from '${path}'\n`);
  else cx.terminal.error(`loading '${path}' failed: ${findText(answer, 'errmsg') ?? ''}\n`);
}

async function loadSecrets(
  cx: CommandContext,
  secrets: ConfNode,
  gone: Set<string>,
): Promise<void> {
  for (const name of secrets.sectionNames()) {
    const found = secretKind(name);
    if (found.kind === 'shared') await loadSecret(cx, name, found.type, secrets, gone);
    else if (found.kind === 'key') checkSection(cx, name, secrets);
    else cx.terminal.error(`ignoring unsupported secret '${name}'\n`);
  }
}

/** Says if the section of a passphrase cannot be resolved: nothing was opened with it. */
function checkSection(cx: CommandContext, name: string, secrets: ConfNode): void {
  try {
    sectionOf(secrets, name);
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    cx.terminal.error(`${problemLine(`secret '${name}'`, error)}\n`);
  }
}

async function loadSecret(
  cx: CommandContext,
  name: string,
  type: string,
  secrets: ConfNode,
  gone: Set<string>,
): Promise<void> {
  let input: Tree | undefined;
  try {
    input = secretMessage(name, type, sectionOf(secrets, name));
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    cx.terminal.error(`${problemLine(`shared secret '${name}'`, error)}\n`);
    gone.delete(name);
    return;
  }
  if (input === undefined) {
    cx.terminal.error(`missing secret in '${name}', ignored\n`);
    return;
  }
  const answer = await tryAsk(cx, 'load-shared', input);
  gone.delete(name);
  if (answer === undefined || cx.form !== undefined) return;
  if (findText(answer, 'success') === 'yes') cx.terminal.out(`loaded ${type} secret '${name}'\n`);
  else cx.terminal.error(`loading shared secret failed: ${findText(answer, 'errmsg') ?? ''}\n`);
}

async function unload(
  cx: CommandContext,
  request: string,
  what: string,
  id: string,
): Promise<void> {
  const answer = await tryAsk(cx, request, [value('id', id)]);
  if (answer === undefined || cx.form !== undefined) return;
  if (findText(answer, 'success') !== 'yes')
    cx.terminal.error(`unloading ${what} '${id}' failed: ${findText(answer, 'errmsg') ?? ''}\n`);
}
