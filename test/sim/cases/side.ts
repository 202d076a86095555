import { parseProposals } from '../../../daemon/config/proposals-text.ts';
import type { DaemonEvent } from '../../../daemon/contracts/events.ts';
import type { ChildSaView, IkeSaView } from '../../../daemon/contracts/views.ts';
import type { ChildSa } from '../../../daemon/ike/child-sa.ts';
import { completePeerRekey } from '../../../daemon/ike/child-takeover.ts';
import type { IkeSa } from '../../../daemon/ike/ike-sa.ts';
import { viewIkeSa } from '../../../daemon/ike/ike-sa-view.ts';
import type { OutboundRequest } from '../../../daemon/ike/task.ts';
import { deletePayload } from '../../../daemon/ike/tasks/child-delete.ts';
import { ikeDpd } from '../../../daemon/ike/tasks/ike-dpd.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import type { IkeSpi } from '../../../daemon/proto/ike-spi.ts';
import type { Payload } from '../../../daemon/proto/payload.ts';
import type { FakeKernel } from '../fake-kernel.ts';
import { simCrypto, type World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';
import { ForcedNonces } from './forced-nonces.ts';
import type { Names, SideName } from './names.ts';

/** One of the two daemons, seen with the names of its SAs. */
export class Side {
  readonly name: SideName;
  readonly host: WorldHost;
  readonly nonces: ForcedNonces;
  readonly #names: Names;
  #told = 0;
  #beginning = 0;

  constructor(name: SideName, host: WorldHost, names: Names) {
    this.name = name;
    this.host = host;
    this.nonces = new ForcedNonces(host.random);
    this.#names = names;
  }

  get kernel(): FakeKernel {
    return this.host.kernel;
  }

  get sas(): readonly IkeSa[] {
    return [...this.host.daemon.manager.tables.byId.values()];
  }

  /** State of each IKE_SA. */
  get ikes(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.sas.map((sa) => [this.#names.ike(sa.spiI), viewIkeSa(sa, []).state]),
    );
  }

  /** State and outbound state of each CHILD_SA that is not closed: `{ O: 'INSTALLED/INSTALLED' }`. */
  get children(): Readonly<Record<string, string>> {
    const open = this.#allChildren().filter(([, { state }]) => state !== 'DELETED');
    return Object.fromEntries(
      open.map(([, child]) => [
        this.#names.child(this.name, child.terms.spiIn),
        `${child.state}/${child.outbound ?? 'INSTALLED'}`,
      ]),
    );
  }

  /** Which IKE_SA has which CHILD_SAs, sorted. */
  get family(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(
      this.sas.map((sa) => [
        this.#names.ike(sa.spiI),
        [...sa.children.values()]
          .filter(({ state }) => state !== 'DELETED')
          .map((child) => this.#names.child(this.name, child.terms.spiIn))
          .sort(),
      ]),
    );
  }

  /** SAs in the kernel, sorted: `['O in', 'O out']`; reserved SPIs do not count. */
  get kernelSas(): readonly string[] {
    const outward = new Map<number, string>();
    for (const [, { terms }] of this.#allChildren()) {
      outward.set(terms.spiOut, this.#names.child(this.name, terms.spiIn));
    }
    return [...this.kernel.sas.values()]
      .filter(({ sa }) => sa !== undefined)
      .map(({ id, sa }) =>
        sa?.direction === 'out'
          ? `${outward.get(id.spi) ?? `?${id.spi.toString(16)}`} out`
          : `${this.#names.child(this.name, id.spi)} in`,
      )
      .sort();
  }

  /** Everything that {@link news} would have told since the last {@link forget}. */
  get history(): readonly string[] {
    return this.host.events.slice(this.#beginning).flatMap((event) => this.#tell(event));
  }

  /** What happened so far is not news any more. */
  forget(): void {
    this.#beginning = this.host.events.length;
    this.#told = this.#beginning;
  }

  /** Events since the last time: `child-rekey O A1`, `child-updown down O`, `ike-rekey I IA1`, `ike-updown up I`. */
  news(): readonly string[] {
    const fresh = this.host.events.slice(this.#told);
    this.#told = this.host.events.length;
    return fresh.flatMap((event) => this.#tell(event));
  }

  /** Starts to rekey a CHILD_SA, as its soft expiry would. */
  rekey(child: string): void {
    const [sa, found] = this.find(child);
    void sa.rekeyChild(found);
  }

  /** Starts to rekey an IKE_SA. */
  rekeyIke(ike = 'I'): void {
    void this.ike(ike).rekeyIke();
  }

  /** Asks whether the peer lives. */
  check(ike = 'I'): void {
    const sa = this.ike(ike);
    sa.post(() => {
      sa.tasks.queue(ikeDpd());
      return sa.tasks.advance();
    });
  }

  /** An operator's terminate of one CHILD_SA. */
  close(child: string): void {
    const [, found] = this.find(child);
    void this.host.daemon.control.terminate(
      { childId: found.terms.uniqueId, force: false, timeout: -1 },
      () => undefined,
      new AbortController().signal,
    );
  }

  /** An operator's terminate of one IKE_SA. */
  closeIke(ike = 'I'): void {
    this.closeSa(this.ike(ike));
  }

  /** {@link closeIke}. */
  closeSa({ uniqueId }: IkeSa): void {
    void this.host.daemon.control.terminate(
      { ikeId: uniqueId, force: false, timeout: -1 },
      () => undefined,
      new AbortController().signal,
    );
  }

  /** The kernel says that a lifetime of a CHILD_SA is over; a hard one has removed the inbound SA by then. */
  expire(child: string, hard: boolean): void {
    const [, found] = this.find(child);
    this.kernel.expire(found.terms.spiIn, hard);
  }

  /** `kill -9`, and a new daemon of the same configuration. */
  async restart(world: World): Promise<void> {
    const { host } = this;
    const configs = host.daemon.control.connections();
    host.kill();
    host.reborn();
    await host.start();
    host.secret('a secret that nobody guesses');
    for (const config of configs) await host.load(config);
    await world.pass(0);
    // What was up died with the old daemon, and nobody was there to tell.
    host.events.length = 0;
    this.#beginning = 0;
    this.#told = 0;
  }

  /** From now on `I` is rekeyed with these proposals. */
  propose(texts: readonly string[]): void {
    const sa = this.ike('I');
    const { connection } = sa;
    if (connection === undefined) throw new RangeError('I has no connection');
    sa.assign({ ...connection, proposals: parseProposals('ike', texts, simCrypto()) });
  }

  /** A CHILD_SA is lost here without a word to the peer. */
  lose(child: string): void {
    const [sa, found] = this.find(child);
    sa.post(() => found.remove());
  }

  /** Says something that this daemon would never say. */
  say(exchange: number, payloads: readonly Payload[], ike = 'I'): void {
    const sa = this.ike(ike);
    sa.post(() => sa.engine.request({ exchange, payloads }));
  }

  /** Deletes a CHILD_SA that the peer has rekeyed and would delete itself. */
  deleteReplaced(child: string): void {
    const [sa, found] = this.find(child);
    this.say(ExchangeType.INFORMATIONAL, [deletePayload(found)]);
    sa.post(async () => {
      await completePeerRekey(found);
      found.retire();
    });
  }

  /** Changes the next request of `I`. */
  tamper(change: (request: OutboundRequest) => OutboundRequest): void {
    const { engine } = this.ike('I');
    const honest = engine.request.bind(engine);
    engine.request = (request) => {
      engine.request = honest;
      honest(change(request));
    };
  }

  ike(name: string): IkeSa {
    const found = this.sas.find((sa) => this.#names.ike(sa.spiI) === name);
    if (found === undefined) throw new RangeError(`${this.name} has no IKE_SA ${name}`);
    return found;
  }

  find(name: string): readonly [IkeSa, ChildSa] {
    const found = this.#allChildren().find(
      ([, child]) => this.#names.child(this.name, child.terms.spiIn) === name,
    );
    if (found === undefined) throw new RangeError(`${this.name} has no CHILD_SA ${name}`);
    return found;
  }

  #allChildren(): readonly (readonly [IkeSa, ChildSa])[] {
    return this.sas.flatMap((sa) =>
      [...sa.children.values()].map((child): readonly [IkeSa, ChildSa] => [sa, child]),
    );
  }

  #tell(event: DaemonEvent): readonly string[] {
    switch (event.kind) {
      case 'child-updown':
        return [`child-updown ${event.up ? 'up' : 'down'} ${this.#named(event.ike.children[0])}`];
      case 'ike-updown':
        return [`ike-updown ${event.up ? 'up' : 'down'} ${this.#ikeNamed(event.ike)}`];
      case 'child-rekey':
        return [`child-rekey ${this.#named(event.old)} ${this.#named(event.new)}`];
      case 'ike-rekey':
        return [`ike-rekey ${this.#ikeNamed(event.old)} ${this.#ikeNamed(event.new)}`];
      default:
        return [];
    }
  }

  #named(child: ChildSaView | undefined): string {
    return this.#names.child(this.name, child?.installed?.spiIn ?? 0);
  }

  #ikeNamed(ike: IkeSaView): string {
    return this.#names.ike(BigInt(`0x${ike.initiatorSpi}`) as IkeSpi);
  }
}
