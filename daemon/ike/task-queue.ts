import type { ChildConfig } from '../config/connection-types.ts';
import { ExchangeType } from '../proto/iana/exchange-types.ts';
import type { IkeSa } from './ike-sa.ts';
import { viewIkeSa } from './ike-sa-view.ts';
import { namesToRestart } from './restart.ts';
import type { QueuedTask, Reply, Task, TaskName } from './task.ts';

/**
 * The conversations that we lead on one IKE_SA: one at a time, since the window is one message; the others wait in
 * order.
 */
export class TaskQueue {
  readonly #sa: IkeSa;
  readonly #queued: QueuedTask[] = [];
  #active: { readonly plan: QueuedTask; readonly task: Task } | undefined;

  constructor(sa: IkeSa) {
    this.#sa = sa;
  }

  get busy(): boolean {
    return this.#active !== undefined || this.#queued.length > 0;
  }

  get queuedNames(): readonly TaskName[] {
    return this.#queued.flatMap((plan) => plan.names);
  }

  get activeNames(): readonly TaskName[] {
    return this.#active?.plan.names ?? [];
  }

  /** Whether a conversation that sets up this child runs or waits. */
  creates(child: ChildConfig): boolean {
    return this.#active?.plan.child === child || this.#queued.some((plan) => plan.child === child);
  }

  /** Whether the request under way may create a CHILD_SA. */
  get creating(): boolean {
    return this.#active?.plan.child !== undefined;
  }

  /** Adds a conversation; it starts with the next {@link advance} that finds the window free. */
  queue(plan: QueuedTask): void {
    this.#queued.push(plan);
  }

  /** Starts the next conversation if none is running. */
  async advance(): Promise<void> {
    while (this.#active === undefined && !this.#sa.destroyed) {
      const plan = this.#queued.shift();
      if (plan === undefined) return;
      this.#active = { plan, task: plan.run() };
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
      await this.#tryAgain(plan, exchange);
      return;
    }
    sa.env.emit(() => ({ kind: 'alert', type: 'retransmit-send-timeout', ike: viewIkeSa(sa) }));
    if (sa.state.kind === 'established') {
      const names = namesToRestart(sa, (child) => child.dpdAction.start);
      await sa.destroy(`the peer did not answer ${sends} sends of a request`);
      if (names.length > 0) sa.env.registry.reestablish(sa, names);
      return;
    }
    await sa.destroy('the peer did not answer');
  }

  /** Drops what waits; what runs goes on. */
  clearQueue(reason: string): void {
    for (const plan of this.#queued.splice(0)) plan.abandoned(reason);
  }

  /** Ends everything: the IKE_SA is being destroyed. */
  async abandon(reason: string): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    active?.plan.abandoned(reason);
    this.clearQueue(reason);
    // A task that destroyed its own IKE_SA is running right now and ends by itself.
    if (active !== undefined && !this.#stepping) await active.task.return(undefined);
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
      else this.#sa.engine.request(step.value);
    } finally {
      this.#stepping = false;
    }
  }

  async #tryAgain(plan: QueuedTask | undefined, exchange: number): Promise<void> {
    const sa = this.#sa;
    const limit = sa.connection?.keyingTries ?? 1;
    sa.env.emit(() => ({ kind: 'alert', type: 'peer-init-unreachable', ike: viewIkeSa(sa) }));
    if (plan === undefined || (limit !== 0 && sa.tries >= limit)) {
      sa.log.log('ike', 1, 'establishing IKE_SA failed, peer not responding');
      const what = exchange === ExchangeType.IKE_AUTH ? 'IKE_AUTH' : 'IKE_SA_INIT';
      await sa.destroy(
        `peer ${sa.remote.address}[${sa.remote.port}] not responding to ${what}; ` +
          'is it up, reachable, and are UDP ports 500 and 4500 open?',
      );
      return;
    }
    sa.tries++;
    sa.log.log('ike', 1, `peer not responding, trying again (${sa.tries}/${limit})`);
    const active = this.#active;
    this.#active = undefined;
    await active?.task.return(undefined);
    sa.restart();
    this.#queued.unshift(plan);
    await this.advance();
  }
}
