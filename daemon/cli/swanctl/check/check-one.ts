import type { ConfNode } from '../../../config/conf-tree.ts';
import { sectionOf } from '../conf-messages.ts';
import { checkConnection, readAuthority, readPool } from './check-items.ts';
import { type Finding, Findings } from './finding.ts';
import { CheckedConfig, type CheckWorld } from './model.ts';

/** The errors of one connection, pool or authority. */
export function checkOne(
  root: ConfNode,
  plural: 'connections' | 'pools' | 'authorities',
  name: string,
  rest: Omit<CheckWorld, 'findings'>,
): readonly Finding[] {
  const world: CheckWorld = { ...rest, findings: new Findings() };
  const config = new CheckedConfig(world.crypto);
  const node = sectionOf(root.at(plural), name);
  if (plural === 'connections') checkConnection(name, node, config, world);
  else if (plural === 'pools') readPool(name, node, world);
  else readAuthority(name, node, config, world);
  return world.findings.sorted().filter(({ severity }) => severity === 'error');
}
