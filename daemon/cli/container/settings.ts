/** A file that the environment of a container has the text of, for who mounts none. It is where a container may write that else may not. */
export interface ContainerFile {
  readonly path: string;
  readonly content: string;
}

const VARIABLES = {
  CHARON_STRONGSWAN_CONF: '/run/charon-ts.d/strongswan.conf',
  CHARON_SWANCTL_CONF: '/run/charon-ts.d/swanctl.conf',
} as const;

/** The files that variables hold the text of. */
export function filesOf(environment: ReadonlyMap<string, string>): readonly ContainerFile[] {
  return Object.entries(VARIABLES).flatMap(([name, path]) => {
    const text = environment.get(name);
    return text === undefined || text === ''
      ? []
      : [{ path, content: text.endsWith('\n') ? text : `${text}\n` }];
  });
}

/** The environment of the programs that are started: without what variables configured, because it may have secrets in it. */
export function withoutFiles(
  environment: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  return Object.fromEntries([...environment].filter(([name]) => !(name in VARIABLES)));
}

/** Where the daemon, which may write nothing else, has its socket and its state. */
export const RUN_FOLDER = '/run/charon-ts';

/** The strongswan.conf that the daemon reads: the socket is where it may make one, the rest is the operator's, mounted or from the environment. */
export function strongswanConf(operators: string): string {
  return `charon {
  plugins {
    vici {
      socket = unix://${RUN_FOLDER}/charon.vici
    }
  }
}
include ${operators}
include ${VARIABLES.CHARON_STRONGSWAN_CONF}
`;
}

/** What to do about an exit code of the daemon in a container, besides what the daemon said itself. */
export function hintFor(exitCode: number): string | undefined {
  if (exitCode === 6)
    return 'the kernel is that of the machine below: there, as root, modprobe -a esp4 esp6 xfrm_user';
  if (exitCode === 4)
    return 'another container or service of this network has the ports: with --network host that is the machine itself';
  return undefined;
}
