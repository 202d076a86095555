import type { DaemonOptions } from './config/options.ts';
import type { LogHub } from './contracts/logger.ts';
import { ExitCode } from './exit-codes.ts';
import { MemoryJournal } from './kernel/memory-journal.ts';
import { NodeJournal } from './runtime/node-journal.ts';
import { NodeRandom } from './runtime/node-random.ts';
import { NodeSessionStore } from './runtime/node-session-store.ts';
import { keepSecret } from './runtime/secret-file.ts';
import { asStartupError } from './startup-errors.ts';
import { errorText } from './util/error.ts';

/** Where the files of a daemon begin: named like its socket, since daemons of other network namespaces may share the folder. */
export function filesBeside(socketPath: string, runtimeDirectory: string | undefined): string {
  const [folder] = (runtimeDirectory ?? '').split(':');
  return folder ? `${folder}/${socketPath.slice(socketPath.lastIndexOf('/') + 1)}` : socketPath;
}

/** The journal of kernel objects; a kernel that does nothing leaves nothing behind. */
export function openJournal(
  options: DaemonOptions,
  runPath: string,
  onError: (error: unknown) => void,
): MemoryJournal | NodeJournal {
  return asStartupError(ExitCode.VICI_SOCKET, () =>
    options['plugins.kernel-null.load']
      ? new MemoryJournal()
      : new NodeJournal(`${runPath}.journal`, onError),
  );
}

/** The state journal, if there is to be one; without a safe place for keys the daemon does its work all the same. */
export function openSessions(
  options: DaemonOptions,
  runPath: string,
  hub: LogHub,
): NodeSessionStore | undefined {
  if (!options.state_journal) return undefined;
  const log = (sentence: string): void => hub.log('dmn', 0, sentence);
  try {
    return new NodeSessionStore(`${runPath}.state`, { log });
  } catch (error) {
    log(`state_journal is on, but no state is kept: ${errorText(error)}`);
    return undefined;
  }
}

/** Octets of the secret of quick crash detection. */
const CRASH_SECRET_OCTETS = 32;

/** The secret of quick crash detection: in the state directory it survives a reboot, beside the socket a restart. */
export function readCrashSecret(
  stateDirectory: string | undefined,
  runPath: string,
  hub: LogHub,
): Uint8Array | undefined {
  const [folder] = (stateDirectory ?? '').split(':');
  const path = folder ? `${folder}/crash-detection` : `${runPath}.crash-detection`;
  try {
    return keepSecret(path, CRASH_SECRET_OCTETS, new NodeRandom());
  } catch (error) {
    hub.log('dmn', 1, `no quick crash detection for our peers: ${errorText(error)}`);
    return undefined;
  }
}
