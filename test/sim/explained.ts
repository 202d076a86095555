import { explanationText } from '../../daemon/cli/swanctl/explain-text.ts';
import { explanationTree } from '../../daemon/vici/commands/explain.ts';
import type { WorldHost } from './world-host.ts';

/** What `swanctl --explain` prints on a host. */
export async function explained(host: WorldHost, name = 'gw'): Promise<string> {
  const text = explanationText(explanationTree(await host.daemon.control.explain(name)));
  // Keys are made anew in every run.
  return `\n${text.replaceAll(/\b[0-9a-f]{40}\b/g, 'KEY')}`;
}
