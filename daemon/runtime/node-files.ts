import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { OperatorFiles } from '../contracts/operator-files.ts';
import { systemReason } from './system-reason.ts';

/** A configuration file larger than this is none. */
const MAX_OCTETS = 16 * 1024 * 1024;

/** Files of the machine. */
export class NodeFiles implements OperatorFiles {
  readText(path: string): string {
    return new TextDecoder().decode(this.readOctets(path));
  }

  readOctets(path: string): Uint8Array {
    try {
      const stat = statSync(path);
      // Opening a FIFO would wait for its writer and with it the whole daemon.
      if (!stat.isFile()) throw new Error('not a regular file');
      if (stat.size > MAX_OCTETS) throw new Error('larger than 16 MiB');
      const read = readFileSync(path);
      return new Uint8Array(read.buffer, read.byteOffset, read.length);
    } catch (error) {
      throw new Error(systemReason(error), { cause: error });
    }
  }

  list(folder: string): readonly string[] {
    try {
      return readdirSync(folder)
        .map((name) => join(folder, name))
        .filter(isFile)
        .sort();
    } catch (error) {
      throw new Error(systemReason(error), { cause: error });
    }
  }

  /** Whether anything is there. */
  exists(path: string): boolean {
    return existsSync(path);
  }

  glob(pattern: string, relativeTo: string): readonly string[] {
    const absolute = pattern.startsWith('/') ? pattern : join(dirname(relativeTo), pattern);
    let found: string[] = [absolute.startsWith('/') ? '/' : '.'];
    for (const part of absolute.split('/')) {
      if (part === '' || part === '.') continue;
      found = found.flatMap((folder) => matches(folder, part));
    }
    return found.filter(isFile).sort();
  }
}

function matches(folder: string, part: string): string[] {
  if (!/[*?[\\]/.test(part)) return [join(folder, part)];
  const accept = partPattern(part);
  try {
    return readdirSync(folder)
      .filter((name) => accept.test(name))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** Shell wildcards of one path component; as in a shell, `*` does not reveal hidden files. */
function partPattern(part: string): RegExp {
  let source = part.startsWith('.') ? '' : '(?!\\.)';
  for (let i = 0; i < part.length; i++) {
    const char = part.charAt(i);
    const end = char === '[' ? part.indexOf(']', i + 2) : -1;
    if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (end > 0) {
      source += `[${part
        .slice(i + 1, end)
        .replace(/^!/, '^')
        .replaceAll('\\', '\\\\')
        .replaceAll('[', '\\[')}]`;
      i = end;
    } else {
      if (char === '\\' && i + 1 < part.length) i++;
      source += part.charAt(i).replace(/[.*+?^${}()|[\]\\]/, '\\$&');
    }
  }
  // Runs of stars mean the same as one and would only cost time.
  return new RegExp(`^${source.replace(/(\[\^\/\]\*)+/g, '[^/]*')}$`);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
