import { createRequire } from 'node:module';
import { AddonLoadError } from './errors.ts';

/**
 * A compiled addon of this package by the name of its file, beside the sources, or beside the sources that `dist/native` was
 * compiled from. Throws {@link AddonLoadError} with the reason and the remedy.
 */
export function loadBinary<T>(file: string): T {
  const require = createRequire(import.meta.url);
  const reasons: string[] = [];
  let cause: unknown;
  for (const place of [`./build/Release/${file}`, `../../native/build/Release/${file}`]) {
    try {
      return require(place) as T;
    } catch (error) {
      cause = error;
      const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
      reasons.push(`${new URL(place, import.meta.url).pathname}: ${reason}`);
    }
  }
  throw new AddonLoadError(
    `the addon of node-netlink-xfrm cannot be loaded, build it with "npm run build:native" (${reasons.join('; ')})`,
    { cause },
  );
}
