import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's own folder; bound at the same path into every host of the lab. */
export const REPOSITORY = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where the lab keeps its kernel and the Debian roots. */
export const LAB_CACHE = process.env['CHARON_LAB_CACHE'] ?? join(REPOSITORY, '.cache/lab');

/** The folder whose content survives a lab run: captures and logs of failed tests go there. */
export const LAB_RESULTS = process.env['CHARON_LAB_RESULTS'] ?? join(LAB_CACHE, 'results');

/** The Debian roots a host can live in. */
export type RootName =
  | 'strongswan'
  | 'libreswan'
  | 'openiked'
  | 'servers'
  | 'frr'
  | 'starter'
  | 'tshark'
  | 'debian12'
  | 'debian13'
  | 'container';

/** The package that `scripts/build-deb` makes of these sources. */
export const PACKAGE = join(REPOSITORY, 'build/charon-ts.deb');

/** The same with a higher version number, which `scripts/build-deb --quick` makes. */
export const NEXT_PACKAGE = join(REPOSITORY, 'build/charon-ts-next.deb');

/** The folder of a root made by scripts/lab-roots; throws a sentence saying so when it is missing. */
export function rootPath(name: RootName): string {
  const path = join(LAB_CACHE, 'roots', name);
  if (!existsSync(path)) throw new Error(`no lab root ${path}: run scripts/lab-roots ${name}`);
  return path;
}
