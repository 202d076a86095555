import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { CHARON_SHARED_DATA: given } = process.env;
const folder = resolve(given ?? resolve(root, '../shared/data'));

/** Absolute path of a file or folder of the shared test data, whether it exists or not. */
export function sharedData(path: string): string {
  return resolve(folder, path);
}

/** Whether the shared data has this path; says loudly what is missing if it has not. */
export function hasSharedData(path: string): boolean {
  const present = existsSync(sharedData(path));
  if (!present) {
    console.warn(`SKIPPED: ${sharedData(path)} is missing; set CHARON_SHARED_DATA to its folder`);
  }
  return present;
}
