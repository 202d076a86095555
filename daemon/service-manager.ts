import type { DaemonOptions } from './config/options.ts';
import type { LocalDatagramSender } from './contracts/local-datagram.ts';
import { loadLocalDatagrams } from './load-plugins.ts';
import { inheritedSocket, type ListenEnvironment } from './runtime/inherited-sockets.ts';
import type { NotifyEnvironment } from './runtime/notify-socket.ts';

/** Name of the VICI socket where the service manager opens it (`FileDescriptorName=`). */
const VICI_NAME = 'vici';
/** The same for clients that may change nothing. */
const READ_ONLY_NAME = 'vici-read-only';

/** What speaks to the service manager: a daemon that works must not die of it, nor of what it takes to speak to it. */
export async function notifySender(
  { NOTIFY_SOCKET }: NotifyEnvironment,
  onError: (error: unknown) => void,
): Promise<LocalDatagramSender | undefined> {
  if (!NOTIFY_SOCKET) return undefined;
  try {
    return (await loadLocalDatagrams()).to(NOTIFY_SOCKET);
  } catch (error) {
    onError(error);
    return undefined;
  }
}

/** The VICI sockets that the service manager opened, by the paths that they stand for. */
export function inheritedSockets(
  environment: ListenEnvironment,
  options: DaemonOptions,
): ReadonlyMap<string, number> {
  const names = [
    [VICI_NAME, options['plugins.vici.socket']],
    [READ_ONLY_NAME, options['plugins.vici.read_only_socket']],
  ] as const;
  return new Map(
    names.flatMap(([name, uri]): [string, number][] => {
      const fd = inheritedSocket(environment, name);
      return fd === undefined || uri === undefined ? [] : [[uri.replace(/^unix:\/\//, ''), fd]];
    }),
  );
}
