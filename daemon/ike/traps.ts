import type { ChildConfig, ConnectionConfig } from '../config/connection-types.ts';
import type { AcquireEvent } from '../contracts/kernel.ts';
import type { PolicyView } from '../contracts/views.ts';
import type { InstalledPolicies } from '../kernel/installed-policies.ts';
import { selectorShape } from '../kernel/selector-shape.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import { printSelector } from '../proto/traffic-selector-text.ts';
import { errorText } from '../util/error.ts';
import { Acquires, type Attempt } from './acquires.ts';
import { type ChildMarks, marksOfTrap, sameChoice, type TrapNumbers } from './child-marks.ts';
import type { IkeEnvironment } from './environment.ts';
import { EstablishError } from './errors.ts';
import { planTrap, type TrapPlan } from './trap-plan.ts';
import { type PacketSelectors, packetOf, takes } from './triggers.ts';

/** What a trap asks for when a packet met it. */
export type AttemptFor = (
  connection: ConnectionConfig,
  child: ChildConfig,
  packet: PacketSelectors,
  peer: IpAddress | undefined,
  cpu: number | undefined,
) => Attempt;

interface Trap {
  readonly connection: ConnectionConfig;
  readonly child: ChildConfig;
  readonly reqid: number;
  readonly plan: TrapPlan;
  readonly marks: ChildMarks;
  readonly kernel: InstalledPolicies;
  readonly acquires: Acquires;
}

/** What the traps need of the world. */
export type TrapEnvironment = Pick<
  IkeEnvironment,
  'clock' | 'log' | 'installer' | 'resolve' | 'sourceAddress'
>;

/** The trap policies, in order of installation; found by reqid when a packet meets one. */
export class Traps {
  readonly #env: TrapEnvironment;
  readonly #attempt: AttemptFor;
  readonly #numbers: TrapNumbers;
  readonly #byKey = new Map<string, Trap>();
  /** Traps of equal selectors share a reqid; the newest is in force. */
  readonly #byReqid = new Map<number, readonly Trap[]>();

  constructor(env: TrapEnvironment, attempt: AttemptFor, numbers: TrapNumbers) {
    this.#env = env;
    this.#attempt = attempt;
    this.#numbers = numbers;
  }

  /** Whether that key has a trap. */
  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  /** Installs or renews a trap, without a moment in which neither is there. Rejects leaving the old one as it was. */
  async install(key: string, connection: ConnectionConfig, child: ChildConfig): Promise<void> {
    const { installer, log } = this.#env;
    try {
      // Whoever marks packets knows the numbers of the one before.
      const marks =
        this.marksOf(key, connection, child) ?? marksOfTrap(connection, child, this.#numbers);
      const plan = await planTrap(this.#env, connection, child, marks);
      const reqid = installer.acquireReqid(plan.reqidKey);
      let kernel: InstalledPolicies;
      try {
        kernel = await installer.installTrap({ ...plan.spec, reqid });
      } catch (error) {
        installer.releaseReqid(reqid);
        throw error;
      }
      const acquires = new Acquires(this.#env, plan.wildcard, (packet, peer, cpu) =>
        this.#attempt(connection, child, packet, peer, cpu),
      );
      const before = this.#byKey.get(key);
      this.#byKey.set(key, { connection, child, reqid, plan, marks, kernel, acquires });
      this.#index(key);
      if (before !== undefined) await this.#remove(before);
    } catch (error) {
      const reason = errorText(error);
      if (error instanceof EstablishError) log.log('cfg', 1, `installing trap failed, ${reason}`);
      throw error;
    }
  }

  /** Marks and interface ids of the trap of that key, if it leaves the choice that these leave. */
  marksOf(key: string, connection: ConnectionConfig, child: ChildConfig): ChildMarks | undefined {
    const trap = this.#byKey.get(key);
    if (trap === undefined) return undefined;
    return sameChoice([trap.connection, trap.child], [connection, child]) ? trap.marks : undefined;
  }

  /** Removes a trap; false if there is none. */
  async uninstall(key: string): Promise<boolean> {
    const trap = this.#byKey.get(key);
    if (trap === undefined) return false;
    this.#byKey.delete(key);
    await this.#remove(trap);
    return true;
  }

  /** Packets that meet it ask for nothing for so many milliseconds; those of a wildcard trap if they are for this peer. */
  hold(key: string, peer: IpAddress, millis: number): void {
    this.#byKey.get(key)?.acquires.hold(peer, millis);
  }

  /** A packet met a policy. One that is not ours, or whose packet lies outside its selectors, is ignored. */
  acquire(event: AcquireEvent): void {
    const packet = packetOf(event);
    const met = this.#byReqid.get(event.reqid)?.findLast(({ plan }) => covers(plan, packet));
    met?.acquires.handle(event);
  }

  views(): readonly PolicyView[] {
    return [...this.#byKey.values()].map(({ connection, child, reqid, plan }) => ({
      kind: 'trap',
      ike: connection.name,
      child: child.name,
      reqid,
      mode: plan.spec.mode,
      localTs: plan.spec.localTs.map((ts) => printSelector(ts)),
      remoteTs: plan.spec.remoteTs.map((ts) => printSelector(ts)),
    }));
  }

  /** No trap asks for anything any more; the policies stay. */
  close(): void {
    for (const { acquires } of this.#byKey.values()) acquires.cancel();
    this.#byReqid.clear();
  }

  async #remove(trap: Trap): Promise<void> {
    const others = this.#byReqid.get(trap.reqid)?.filter((other) => other !== trap) ?? [];
    if (others.length === 0) this.#byReqid.delete(trap.reqid);
    else this.#byReqid.set(trap.reqid, others);
    await trap.kernel.remove();
    trap.acquires.cancel();
    this.#env.installer.releaseReqid(trap.reqid);
  }

  #index(key: string): void {
    const trap = this.#byKey.get(key);
    if (trap === undefined) return;
    this.#byReqid.set(trap.reqid, [...(this.#byReqid.get(trap.reqid) ?? []), trap]);
  }
}

// As the kernel sees the selectors: widened to what its policies can say.
function covers({ spec }: TrapPlan, packet: PacketSelectors): boolean {
  return takes(
    {
      local: spec.localTs.map((selector) => selectorShape(selector).selector),
      remote: spec.remoteTs.map((selector) => selectorShape(selector).selector),
    },
    packet,
  );
}
