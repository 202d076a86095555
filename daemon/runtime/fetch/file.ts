import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { failed, type HopEnd } from './hop.ts';

/** Reads a regular file of this machine, for URLs of the operator: `authorities.<name>.crl_uris` may name one. */
export async function readFileUrl(url: URL, sizeLimit: number): Promise<HopEnd> {
  let path: string;
  try {
    path = fileURLToPath(url);
  } catch {
    return failed('the URL names no file of this machine');
  }
  // A pipe would keep us waiting.
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stat = await file.stat();
  if (!stat.isFile()) return failed('this is no regular file');
  if (stat.size > sizeLimit) return failed(`the file is longer than ${sizeLimit} octets`);
  const octets = new Uint8Array(stat.size);
  const { bytesRead } = await file.read(octets, 0, stat.size, 0);
  return { kind: 'body', body: octets.slice(0, bytesRead) };
}
