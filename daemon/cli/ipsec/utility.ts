import { firewallRules } from './firewall.ts';
import { Lsb } from './starter.ts';
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
  if (file !== undefined) return world.run(file, args, utilityEnvironment(world));
  return word === '_updown' ? updown(world) : undefined;
}

/** `ipsec _updown iptables`, the updown script of `leftfirewall = yes`; resolves with 1 if a rule could not be set or removed. */
async function updown(world: IpsecWorld): Promise<number> {
  const rules = firewallRules(world.variables);
  if (rules === undefined) {
    const version = world.variables.get('PLUTO_VERSION') ?? '';
    world.terminal.error(`_updown: unknown interface version \`${version}'\n`);
    return Lsb.BAD_ARGUMENT;
  }
  let code: number = Lsb.OK;
  // what one rule is missing the others must not: on the way down all have to go
  for (const [program = '', ...args] of rules)
    if ((await world.run(program, args, {})) !== 0) code = Lsb.FAILURE;
  return code;
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
