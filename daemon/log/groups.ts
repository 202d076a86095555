import type { LogGroup } from '../contracts/logger.ts';

/** charon's log groups, in its order. */
export const LOG_GROUPS: readonly LogGroup[] = [
  'dmn',
  'mgr',
  'ike',
  'chd',
  'job',
  'wch',
  'cfg',
  'knl',
  'net',
  'asn',
  'enc',
  'tnc',
  'imc',
  'imv',
  'pts',
  'tls',
  'app',
  'esp',
  'lib',
];

const known = new Set<string>(LOG_GROUPS);

export function isLogGroup(text: string): text is LogGroup {
  return known.has(text);
}
