/** Users of the image, and what a process is started with to become one of them. */
export interface ServiceUser {
  readonly name: string;
  /** Capabilities that it keeps, in the words of setpriv(1). */
  readonly keeps: readonly string[];
}

/** The daemon. */
export const DAEMON_USER: ServiceUser = {
  name: 'charon-ts',
  keeps: ['net_admin', 'net_bind_service'],
};

/** The processes that keep private keys. */
export const KEYS_USER: ServiceUser = { name: 'charon-ts-keys', keeps: [] };

/** The command that runs another one as a user, who can gain nothing any more. */
export function asUser({ name, keeps }: ServiceUser, argv: readonly string[]): readonly string[] {
  const kept = ['-all', ...keeps.map((capability) => `+${capability}`)].join(',');
  const groups = [`--reuid=${name}`, `--regid=${name}`, '--clear-groups', '--no-new-privs'];
  const sets = ['inh', 'ambient'].map((set) => `--${set}-caps=${kept}`);
  return ['setpriv', ...groups, ...sets, `--bounding-set=${kept}`, '--', ...argv];
}

/** User and group number in the text of /etc/passwd, `undefined` if there is no such user. */
export function idsOf(
  passwd: string,
  user: string,
): { readonly uid: number; readonly gid: number } | undefined {
  for (const line of passwd.split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name === user) return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}
