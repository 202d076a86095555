import type { ChildConfig } from '../config/connection-types.ts';
import type { Timer } from '../contracts/clock.ts';
import { exchangeName } from '../proto/iana/exchange-types.ts';
import type { Awaitable } from '../util/awaitable.ts';
import { alert } from './announce.ts';
import { stepOfExchange } from './attempts/note.ts';
import type { ChildSa } from './child-sa.ts';
import type { IkeSa } from './ike-sa.ts';
import { peerLost } from './restart.ts';
import type { SavedTask, SavedTasks } from './state/saved-task.ts';
import type { TimeBase } from './state/time-base.ts';
import { AS_SENT, type QueuedTask, type Reply, type Task, type TaskName } from './task.ts';
import { tryFailed } from './tries.ts';

/**
 * The conversations that we lead on one IKE_SA: one at a time, since the window is one message; the others wait in
 * order.
 */
export class TaskQueue {
  readonly #sa: IkeSa;
  readonly #queued: QueuedTask[] = [];
  /** Conversations that start later, with what wakes them; none for most IKE_SAs at any time. */
  #delayed: Map<QueuedTask, { readonly timer: Timer; readonly due: number }> | undefined;
  #active: { readonly plan: QueuedTask; readonly task: Task } | undefined;
  /** The next try of the initial exchanges waits for its time, and everything else for it. */
  #held = false;

  constructor(sa: IkeSa) {
    this.#sa = sa;
  }

  get busy(): boolean {
    return this.#active !== undefined || this.#queued.length > 0;
  }

  get queuedNames(): readonly TaskName[] {
    const waiting = this.#waiting;
    return waiting.length === 0 ? [] : waiting.flatMap((plan) => plan.names);
  }

  /** Conversations that wait for their time, not for the window. */
  get delayed(): number {
    return this.#delayed?.size ?? 0;
  }

  get activeNames(): readonly TaskName[] {
    return this.#active?.plan.names ?? [];
  }

  /** Whether a conversation that sets up this child runs or waits. */
  creates(child: ChildConfig): boolean {
    return this.#active?.plan.child === child || this.#waiting.some((plan) => plan.child === child);
  }

  /** Whether a rekeying of this CHILD_SA runs. */
  rekeying(child: ChildSa): boolean {
    return this.#active?.plan.rekeys === child;
  }

  /** Whether a rekeying of this CHILD_SA runs or waits. */
  rekeys(child: ChildSa): boolean {
    return this.rekeying(child) || this.#waiting.some((plan) => plan.rekeys === child);
  }

  /** Whether a conversation with this name runs. */
  runs(name: TaskName): boolean {
    return this.#active?.plan.names.includes(name) ?? false;
  }

  /** Whether a conversation with this name runs or waits. */
  plans(name: TaskName): boolean {
    return this.runs(name) || this.#waiting.some((plan) => plan.names.includes(name));
  }

  /** Whether the request under way may create a CHILD_SA. */
  get creating(): boolean {
    const plan = this.#active?.plan;
    return plan?.child !== undefined || plan?.rekeys !== undefined;
  }

  /** Adds a conversation; it starts with the next {@link advance} that finds the window free. */
  queue(plan: QueuedTask): void {
    this.#queued.push(plan);
  }

  /** Adds a conversation that goes before all that wait. */
  queueFirst(plan: QueuedTask): void {
    this.#queued.unshift(plan);
  }

  /** Adds a conversation that starts after `delay` milliseconds at the earliest. */
  later(plan: QueuedTask, delay: number): void {
    const sa = this.#sa;
    const timer = sa.env.clock.after(delay, () =>
      sa.post(() => {
        if (this.#delayed?.delete(plan) !== true) return;
        this.queue(plan);
        return this.advance();
      }),
    );
    this.#delayed ??= new Map();
    this.#delayed.set(plan, { timer, due: sa.env.clock.now() + delay });
  }

  /** Hands over everything that waits to the IKE_SA that replaces this one; what runs stays. */
  moveTo(successor: TaskQueue): void {
    for (const plan of this.#takeWaiting()) successor.queue(plan);
  }

  /** Puts a conversation in front of all others and lets none start before {@link release}. */
  hold(plan: QueuedTask): void {
    this.#queued.unshift(plan);
    this.#held = true;
  }

  /** Starts what was held back, if anything was. */
  async release(): Promise<void> {
    this.#held = false;
    this.#sa.timers.stop('retry');
    await this.advance();
  }

  /** What a successor of this process needs to carry on; times are those of the wall clock. */
  save(time: TimeBase): SavedTasks {
    const other: SavedTask = { kind: 'other' };
    const active = this.#active?.plan;
    return {
      ...(active && { active: active.saved?.(this.#sa) ?? other }),
      waiting: [
        ...this.#queued.map((plan) => ({ task: plan.saved?.(this.#sa) ?? other })),
        ...[...(this.#delayed ?? [])].map(([plan, { due }]) => ({
          task: plan.saved?.(this.#sa) ?? other,
          notBefore: time.wall(due),
        })),
      ],
    };
  }

  /** The private key of what runs, empty if there is none; the caller wipes it. */
  secret(): Uint8Array {
    return this.#active?.plan.secret?.() ?? new Uint8Array(0);
  }

  /** What a predecessor had under way: `plan` begins with {@link AS_SENT}, once {@link carryOn} is called. */
  restore(plan: QueuedTask): void {
    this.#active = { plan, task: plan.run(this.#sa) };
  }

  /** Sends the request of a predecessor again, if one is out, or starts what waits. */
  async carryOn(): Promise<void> {
    await this.#step(undefined);
    await this.advance();
  }

  /** Starts the next conversation if none is running. */
  advance(): Awaitable<void> {
    return this.#queued.length === 0 ? undefined : this.#startNext();
  }

  async #startNext(): Promise<void> {
    while (this.#active === undefined && !this.#held && !this.#sa.destroyed) {
      const plan = this.#queued.shift();
      if (plan === undefined) return;
      this.#active = { plan, task: plan.run(this.#sa) };
      await this.#step(undefined);
    }
  }

  /** The answer to the outstanding request arrived. */
  async resume(reply: Reply): Promise<void> {
    if (this.#active === undefined) return;
    await this.#step(reply);
    await this.advance();
  }

  /** The outstanding request got no answer: the peer is gone, or was never there. */
  async unanswered(exchange: number, sends: number): Promise<void> {
    const sa = this.#sa;
    const plan = this.#active?.plan;
    if (sa.state.kind === 'connecting' || sa.state.kind === 'created') {
      const active = this.#active;
      this.#active = undefined;
      await active?.task.return(undefined);
      await this.#noAnswer(plan, exchange, sends);
      return;
    }
    alert(sa.env, 'retransmit-send-timeout', sa);
    if (sa.state.kind === 'established') {
      await peerLost(sa, `the peer did not answer ${sends} sends of a request`);
      return;
    }
    await sa.destroy('the peer did not answer');
    plan?.unanswered?.();
  }

  /** Drops what waits; what runs goes on. */
  clearQueue(reason: string): void {
    for (const plan of this.#takeWaiting()) plan.abandoned?.(this.#sa, reason);
  }

  /** Ends everything: the IKE_SA is being destroyed. */
  async abandon(reason: string): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    active?.plan.abandoned?.(this.#sa, reason);
    this.clearQueue(reason);
    // A task that destroyed its own IKE_SA is running right now and ends by itself.
    if (active !== undefined && !this.#stepping) await active.task.return(undefined);
  }

  async #noAnswer(plan: QueuedTask | undefined, exchange: number, sends: number): Promise<void> {
    const sa = this.#sa;
    alert(sa.env, 'peer-init-unreachable', sa);
    const reason =
      `peer ${sa.remote.address}[${sa.remote.port}] not responding to ${exchangeName(exchange)}; ` +
      'is it up, reachable, and are UDP ports 500 and 4500 open?';
    const step = stepOfExchange(exchange);
    const failure = { kind: 'silence', subject: String(sends) } as const;
    await tryFailed(sa, plan, { kind: 'silence', reason, failure, ...(step && { step }) });
    if (sa.destroyed) sa.log.log('ike', 1, 'establishing IKE_SA failed, peer not responding');
  }

  get #waiting(): readonly QueuedTask[] {
    return this.delayed === 0 ? this.#queued : [...this.#queued, ...(this.#delayed?.keys() ?? [])];
  }

  #takeWaiting(): readonly QueuedTask[] {
    const delayed = this.#delayed;
    this.#delayed = undefined;
    for (const { timer } of delayed?.values() ?? []) timer.cancel();
    return [...this.#queued.splice(0), ...(delayed?.keys() ?? [])];
  }

  #stepping = false;

  async #step(reply: Reply | undefined): Promise<void> {
    const active = this.#active;
    if (active === undefined) return;
    this.#stepping = true;
    try {
      // The first `next` has no answer to hand over, the generator ignores it.
      const step = await (reply === undefined ? active.task.next() : active.task.next(reply));
      if (this.#active !== active) return;
      if (step.done === true) this.#active = undefined;
      else if (step.value === AS_SENT) this.#sa.engine.resume();
      else this.#sa.engine.request(step.value);
    } finally {
      this.#stepping = false;
    }
  }
}
