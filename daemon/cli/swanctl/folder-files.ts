import { errorText } from '../../util/error.ts';
import type { CommandContext } from './command.ts';

/** Files of a folder; one that is missing is said and is no failure. */
export function filesOf(cx: CommandContext, folder: string): readonly string[] {
  try {
    return cx.files.list(folder);
  } catch (error) {
    cx.terminal.error(`opening directory '${folder}' failed: ${reasonOf(error)}\n`);
    return [];
  }
}

/** The octets of a file, or nothing and a line that says why. */
export function contents(cx: CommandContext, path: string): Uint8Array | undefined {
  try {
    return cx.files.readOctets(path);
  } catch (error) {
    cx.terminal.error(`mapping file '${path}' failed: ${reasonOf(error)}, skipped\n`);
    return undefined;
  }
}

/** The reason as strerror(3) writes it. */
export function reasonOf(error: unknown): string {
  const text = errorText(error);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
