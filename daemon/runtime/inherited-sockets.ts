/** What systemd puts into the environment of a service that it opened sockets for, sd_listen_fds(3). */
export interface ListenEnvironment {
  readonly LISTEN_PID?: string | undefined;
  readonly LISTEN_FDS?: string | undefined;
  readonly LISTEN_FDNAMES?: string | undefined;
}

/** The first descriptor that is handed over. */
const FIRST = 3;

/** The descriptor of the listening socket with this name (`FileDescriptorName=`), `undefined` if none was handed to this process. */
export function inheritedSocket(
  environment: ListenEnvironment,
  name: string,
  pid = process.pid,
): number | undefined {
  const { LISTEN_PID, LISTEN_FDS = '', LISTEN_FDNAMES = '' } = environment;
  if (LISTEN_PID !== String(pid) || !/^\d{1,4}$/.test(LISTEN_FDS)) return undefined;
  const index = LISTEN_FDNAMES.split(':').indexOf(name);
  return index < 0 || index >= Number(LISTEN_FDS) ? undefined : FIRST + index;
}
