import { ConfNode } from '../../../config/conf-tree.ts';
import type { Crypto } from '../../../contracts/crypto.ts';
import type { OperatorFiles } from '../../../contracts/operator-files.ts';
import { SECTIONS } from '../open-config.ts';
import { checkFolders } from './check-folders.ts';
import { checkItems } from './check-items.ts';
import { checkKeys } from './check-keys.ts';
import { checkNames } from './check-names.ts';
import { checkProposals } from './check-proposals.ts';
import { checkReferences } from './check-references.ts';
import { checkSecretUse } from './check-secret-use.ts';
import { checkSecrets } from './check-secrets.ts';
import { checkSelectors } from './check-selectors.ts';
import { checkSettings } from './check-settings.ts';
import { Findings } from './finding.ts';
import { CheckedConfig, type CheckWorld } from './model.ts';
import { addError, readFile } from './read-file.ts';

/** What is to be checked, and with what. */
export interface CheckRequest {
  /** swanctl.conf. */
  readonly file: string;
  /** Folder of the folders with credentials. */
  readonly base: string;
  /** strongswan.conf, if it is to be checked as well. */
  readonly settings?: string | undefined;
  readonly files: OperatorFiles;
  readonly crypto: Crypto;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Whether somebody types passphrases when the configuration is loaded. */
  readonly prompts: boolean;
}

/** Everything that is to be said of a configuration: an error for each thing that would not be loaded, never an exception. */
export async function checkConfig(request: CheckRequest): Promise<Findings> {
  const { file, settings, ...rest } = request;
  const world: CheckWorld = { ...rest, findings: new Findings() };
  if (settings !== undefined) checkSettings(settings, world);
  const section = readFile(file, world);
  if (section === undefined) return world.findings;
  const root = ConfNode.of(section);
  if (!resolves(root, file, world)) return world.findings;
  const config = new CheckedConfig(request.crypto);
  checkNames(section, root, world);
  checkSecrets(root, config, world);
  const keys = await checkFolders(root.at('secrets'), config, world);
  checkItems(root, config, world);
  checkReferences(config, world);
  checkProposals(config, world);
  checkSelectors(config, world);
  checkSecretUse(config, world);
  checkKeys(keys, config, world);
  return world.findings;
}

/** Whether the sections that are loaded can be resolved at all: a reference around them may be a mistake. */
function resolves(root: ConfNode, file: string, { findings }: CheckWorld): boolean {
  try {
    for (const name of SECTIONS) root.at(name);
    return true;
  } catch (error) {
    addError(error, file, 'inheritance', findings);
    return false;
  }
}
