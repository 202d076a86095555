import { findValue, type Tree } from '../../config/tree.ts';
import { toHex } from '../../util/hex.ts';
import type { CommandContext } from './command.ts';
import { namesIn } from './dry-run.ts';
import { CERTIFICATE_FOLDERS, contents, filesOf, KEY_FOLDERS } from './folder-files.ts';
import type { OpenedConfig } from './open-config.ts';

/**
 * Prints what loading credentials would change. Certificates are compared by their octets, shared secrets by their names:
 * the daemon gives none away. Private keys have no name before the daemon has read them, so their files are counted.
 */
export async function planCredentials(
  cx: CommandContext,
  config: OpenedConfig,
  secrets: readonly string[],
): Promise<number> {
  const clears = cx.has('clear');
  const certificates = await planCertificates(cx, config, clears);
  const loaded = namesIn(await cx.ask('get-shared'), 'keys');
  const before = new Set(clears ? [] : loaded);
  const added = secrets.filter((name) => !before.has(name));
  const gone = loaded.filter((name) => !secrets.includes(name));
  const keys = [...KEY_FOLDERS.map(([folder]) => folder), 'pkcs12'].flatMap((folder) =>
    filesOf(cx, `${config.base}/${folder}`),
  );
  if (cx.form !== undefined) return 0;
  const say = (line: string): void => cx.terminal.out(`${line}\n`);
  if (clears) say('credentials that were loaded would be cleared first');
  for (const path of certificates.added) say(`certificate from '${path}' would be added`);
  for (const name of added) say(`secret '${name}' would be added`);
  if (!clears) for (const name of gone) say(`secret '${name}' would be removed`);
  say(
    `credentials: ${certificates.added.length} certificates added, ${certificates.unchanged} unchanged; ` +
      `${added.length} secrets added, ${gone.length} removed, ${secrets.length - added.length} loaded again; ` +
      `${keys.length} files of private keys loaded again; nothing was changed`,
  );
  return 0;
}

async function planCertificates(
  cx: CommandContext,
  { base }: OpenedConfig,
  clears: boolean,
): Promise<{ readonly added: readonly string[]; readonly unchanged: number }> {
  // What reads PEM and containers takes time to load: nobody else waits for it.
  const { credentialBlocks } = await import('../../credentials/credential-blocks.ts');
  const known = new Set<string>();
  const remember = (data: Tree): void => {
    const octets = findValue(data, 'data');
    if (octets !== undefined) known.add(toHex(octets));
  };
  await cx.stream('list-certs', [], 'list-cert', 'certificates', remember);
  const added: string[] = [];
  let unchanged = 0;
  for (const [folder, type] of CERTIFICATE_FOLDERS) {
    for (const path of filesOf(cx, `${base}/${folder}`)) {
      const data = contents(cx, path);
      if (data === undefined) continue;
      const read = credentialBlocks(data, type);
      if (!read.ok) {
        cx.terminal.error(`loading '${path}' would fail: ${read.reason}\n`);
      } else if (!clears && read.blocks.every(({ der }) => known.has(toHex(der)))) {
        unchanged++;
      } else {
        added.push(path);
      }
    }
  }
  return { added, unchanged };
}
