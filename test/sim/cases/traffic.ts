import { ip } from '../../support/selectors.ts';
import { arrive, type DataPacket, depart, type Fate, type Flight } from '../carry.ts';
import type { FakeKernel } from '../fake-kernel.ts';

interface Lane {
  readonly name: string;
  readonly from: () => FakeKernel;
  readonly to: () => FakeKernel;
  readonly packet: DataPacket;
  flight: Flight | undefined;
}

/** Users behind both gateways who send all the time: what becomes of their packets is checked at every step. */
export class Traffic {
  readonly #lanes: readonly Lane[];
  #flows = false;
  #number = 0;

  constructor(moon: () => FakeKernel, carol: () => FakeKernel) {
    const [left, right] = [ip('10.1.0.5'), ip('10.2.0.5')];
    this.#lanes = [
      { name: 'A to B', from: moon, to: carol, packet: { source: left, destination: right } },
      { name: 'B to A', from: carol, to: moon, packet: { source: right, destination: left } },
    ].map((lane) => ({ ...lane, flight: undefined }));
  }

  /** From now on every packet must arrive. */
  start(): void {
    this.#flows = true;
  }

  /** From now on nothing is asked of packets. */
  stop(): void {
    this.#flows = false;
    this.landed();
  }

  /** Forgets packets under way. */
  landed(): void {
    for (const lane of this.#lanes) lane.flight = undefined;
  }

  /**
   * Packets sent at the last call arrive now; new ones are sent, of which one copy arrives at once. Throws for a packet
   * that is lost or readable.
   */
  pulse(): void {
    if (!this.#flows) return;
    for (const lane of this.#lanes) {
      this.#number += 1;
      const late = lane.flight;
      lane.flight = undefined;
      if (late !== undefined) this.#demand(lane, arrive(lane.to(), late), 'sent a step earlier');
      const flight = depart(lane.from(), lane.packet);
      if (!('packet' in flight)) {
        this.#demand(lane, flight, 'not sent');
        continue;
      }
      this.#demand(lane, arrive(lane.to(), flight), 'sent just now');
      lane.flight = flight;
    }
  }

  #demand({ name }: Lane, fate: Fate, when: string): void {
    if (fate.kind === 'protected') return;
    const why = fate.kind === 'dropped' ? `dropped: ${fate.why}` : fate.kind;
    throw new Error(`packet ${this.#number} from ${name}, ${when}: ${why}`);
  }
}
