import type { ChildConfig } from '../config/connection-types.ts';
import type { Random } from '../contracts/random.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import type { Payload } from '../proto/payload.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { equalSelectors } from '../proto/traffic-selector-math.ts';
import type { ChildSa } from './child-sa.ts';
import type { IkeSa } from './ike-sa.ts';
import { notify } from './payloads.ts';

/** That a CHILD_SA is one of several (RFC 9611): the one of this CPU, or the fallback that all CPUs may use. */
export interface PerCpu {
  readonly cpu: number | undefined;
}

/** CHILD_SAs of equal selectors that a peer may have us hold, whatever the number of CPUs of either side. */
const MOST_OF_A_CHILD = 256;

/** Whether a child wants SAs per CPU and the kernel has them. */
export function wantsPerCpu(sa: IkeSa, { perCpuSas }: ChildConfig): boolean {
  return perCpuSas !== 'no' && sa.env.installer.cpus > 0;
}

/** SA_RESOURCE_INFO, RFC 9611; the number of a CPU in network byte order is for people who debug. */
export function resourceNotify({ cpu }: PerCpu): Payload {
  const data = new Uint8Array(cpu === undefined ? 0 : 4);
  if (cpu !== undefined) new DataView(data.buffer).setUint32(0, cpu);
  return notify(NotifyType.SA_RESOURCE_INFO, data);
}

/**
 * The CPU to ask for: that of the packet, once there is a fallback that was agreed to be one of several. The fallback itself
 * is for no CPU.
 */
export function wantedCpu(sa: IkeSa, child: ChildConfig): number | undefined {
  const cpu = sa.triggers.cpuOf(child.name);
  return cpu !== undefined && fallbackOf(sa, child.name) !== undefined ? cpu : undefined;
}

/** Whether a CPU has no SA of its own and the peer has not refused to have more of them. */
export function lacksCpu(sa: IkeSa, name: string, cpu: number): boolean {
  const fallback = fallbackOf(sa, name);
  if (fallback === undefined || fallback.alone) return false;
  return !membersOf(sa, name).some((child) => child.spec.perCpu?.cpu === cpu);
}

/** The peer has no more SAs per CPU of this child: it is not asked again (RFC 9611). */
export function leaveAlone(sa: IkeSa, name: string): void {
  const fallback = fallbackOf(sa, name);
  if (fallback !== undefined) fallback.alone = true;
}

/**
 * What a CHILD_SA is to be that the peer asks for: the fallback if there is none, else one for the CPU of ours that has the
 * fewest; `full` if there are too many. What the peer calls its CPU means nothing to us.
 */
export function perCpuForPeer(
  sa: IkeSa,
  name: string,
  localTs: readonly TrafficSelector[],
  remoteTs: readonly TrafficSelector[],
): PerCpu | 'full' {
  const members = membersOf(sa, name).filter(
    ({ terms }) =>
      equalSelectors(terms.localTs, localTs) && equalSelectors(terms.remoteTs, remoteTs),
  );
  if (!members.some(isFallback)) return { cpu: undefined };
  if (members.length >= MOST_OF_A_CHILD) return 'full';
  const loads = new Array<number>(sa.env.installer.cpus).fill(0);
  for (const { spec } of members) {
    const cpu = spec.perCpu?.cpu;
    if (cpu !== undefined && cpu < loads.length) loads[cpu] = (loads[cpu] ?? 0) + 1;
  }
  return { cpu: loads.indexOf(Math.min(...loads)) };
}

/**
 * The UDP port that an SA of several sends from with `per_cpu_sas = encap`, one of the dynamic ports (RFC 6335): nobody listens
 * there, since what the peer sends goes to our IKE port all the same.
 */
export function portOfItsOwn(random: Random): number {
  return 49_152 + random.below(16_384);
}

/** The CHILD_SA that all CPUs may use; what they have of their own has the same selectors. */
export function fallbackOf(sa: IkeSa, name: string): ChildSa | undefined {
  return membersOf(sa, name).find(isFallback);
}

function isFallback({ spec }: ChildSa): boolean {
  return spec.perCpu !== undefined && spec.perCpu.cpu === undefined;
}

function membersOf(sa: IkeSa, name: string): readonly ChildSa[] {
  return [...sa.children.values()].filter(
    (child) => child.live && child.config.name === name && child.spec.perCpu !== undefined,
  );
}
