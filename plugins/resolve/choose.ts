import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import type { NameServerSettings } from '../../daemon/contracts/plugin.ts';
import { ResolvConfFile } from './resolv-conf-file.ts';
import { Resolvconf } from './resolvconf.ts';
import { Resolved } from './resolved.ts';
import type { NameServerBackend } from './serial-name-servers.ts';

/** Where systemd-resolved keeps what /etc/resolv.conf points to when it is in charge. */
const RESOLVED_FOLDER = '/run/systemd/resolve/';

/**
 * Who is in charge of DNS on this host: systemd-resolved if resolv.conf is a link to its file or resolvconf is its program,
 * else resolvconf if it is there, else the file itself.
 */
export async function chooseBackend(
  settings: NameServerSettings,
  resolvedFolder: string = RESOLVED_FOLDER,
): Promise<NameServerBackend> {
  const { file, resolvconfPath, resolvconfInterface, resolvectlPath } = settings;
  const program = (await isExecutable(resolvconfPath)) ? await target(resolvconfPath) : undefined;
  const managed = (await target(file)).startsWith(resolvedFolder);
  const ofSystemd = program !== undefined && basename(program) === 'resolvectl';
  if ((managed || ofSystemd) && (await isExecutable(resolvectlPath))) {
    return new Resolved(resolvectlPath);
  }
  if (program !== undefined && !ofSystemd)
    return new Resolvconf(resolvconfPath, resolvconfInterface);
  return new ResolvConfFile(file);
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a path leads to; itself if there is nothing. */
async function target(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return path;
  }
}
