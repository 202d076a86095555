import type { IpsecWorld } from './world.ts';

/**
 * Runs the program that `ipsec WORD` names when WORD is no command of ours, with the environment variables of ipsec(8);
 * resolves with its exit code, `undefined` if there is no such program.
 */
export async function runUtility(
  world: IpsecWorld,
  word: string,
  args: readonly string[],
): Promise<number | undefined> {
  // a plain name: whoever may run this program through sudo must not reach other folders with it
  const file = /^\w[\w-]*$/.test(word) ? world.utility(word) : undefined;
  return file === undefined ? undefined : world.run(file, args, utilityEnvironment(world));
}

/** The environment variables of ipsec(8). */
export function utilityEnvironment({
  folders,
  script,
  version,
  pids,
}: IpsecWorld): Readonly<Record<string, string>> {
  return {
    IPSEC_DIR: folders.libexec,
    IPSEC_BINDIR: folders.bin,
    IPSEC_SBINDIR: folders.sbin,
    IPSEC_CONFDIR: folders.conf,
    IPSEC_PIDDIR: folders.pid,
    IPSEC_SCRIPT: script,
    IPSEC_NAME: 'strongSwan',
    IPSEC_VERSION: version,
    IPSEC_STARTER_PID: pids.starter,
    IPSEC_CHARON_PID: pids.daemon,
  };
}
