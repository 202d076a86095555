import type { StateJournal } from '../contracts/journal.ts';
import {
  KernelError,
  type KernelIpsec,
  type KernelPolicy,
  type KernelSa,
  type SaEnds,
  type SaId,
  type SaProtocol,
  type SaUsage,
} from '../contracts/kernel.ts';
import type { Logger } from '../contracts/logger.ts';
import type { ChildSpi } from '../proto/child-spi.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import { type Awaitable, andThen, proceed } from '../util/awaitable.ts';
import type { Draft } from '../util/draft.ts';
import { errorText } from '../util/error.ts';
import { hex32 } from '../util/hex.ts';
import { saRecord } from './records.ts';

type ListedSa = SaId & { readonly reqid: number };

/** An SA that was installed. */
export interface HeldSa {
  /** Removes it; fails if the kernel refuses. Without a promise if there is nothing to wait for. */
  release(): Awaitable<void>;
  /** Gives it other ends, together with the policies that lead to it; see {@link KernelIpsec.moveSa}. */
  move(to: SaEnds, policies: readonly KernelPolicy[]): Promise<void>;
  usage(): Awaitable<SaUsage | undefined>;
}

/** What an SA asks of the owner of all. */
interface Desk {
  delete(record: string, id: SaId): Awaitable<void>;
  usage(id: SaId): Awaitable<SaUsage | undefined>;
  /** Resolves to its record and its name afterwards. */
  move(
    sa: OwnedSa,
    to: SaEnds,
    policies: readonly KernelPolicy[],
  ): Promise<readonly [record: string, id: ListedSa]>;
}

// A class and not an object of closures: there are two for each CHILD_SA, for as long as it lives.
class OwnedSa implements HeldSa {
  readonly direction: KernelSa['direction'];
  record: string;
  id: ListedSa;
  readonly #desk: Desk;

  constructor(desk: Desk, record: string, id: ListedSa, direction: KernelSa['direction']) {
    this.#desk = desk;
    this.record = record;
    this.id = id;
    this.direction = direction;
  }

  release(): Awaitable<void> {
    return this.#desk.delete(this.record, this.id);
  }

  usage(): Awaitable<SaUsage | undefined> {
    return this.#desk.usage(this.id);
  }

  async move(to: SaEnds, policies: readonly KernelPolicy[]): Promise<void> {
    [this.record, this.id] = await this.#desk.move(this, to, policies);
  }
}

/** SAs and reserved SPIs that are ours, each in the journal for as long as it is in the kernel. */
export class OwnedSas {
  readonly #kernel: KernelIpsec;
  readonly #journal: StateJournal;
  readonly #logger: Logger;
  /** By journal record. */
  readonly #sas = new Map<string, ListedSa>();
  /** Records of reserved SPIs not yet taken over by an SA, by address, protocol and SPI. */
  readonly #reserved = new Map<string, string>();
  readonly #desk: Desk = {
    delete: (record, id) => this.#delete(record, id),
    usage: (id) => this.#kernel.querySa(id),
    move: (sa, to, policies) => this.#move(sa, to, policies),
  };

  constructor(kernel: KernelIpsec, journal: StateJournal, logger: Logger) {
    this.#kernel = kernel;
    this.#journal = journal;
    this.#logger = logger;
  }

  /** Reserves an inbound SPI within min..max; `add` or `giveBack` ends the reservation. At once if the kernel answers at once. */
  reserve(
    local: IpAddress,
    remote: IpAddress,
    protocol: SaProtocol,
    reqid: number,
    min: number,
    max: number,
  ): Awaitable<ChildSpi> {
    const spi = this.#kernel.allocateSpi(remote, local, protocol, reqid, min, max);
    // Only the kernel knows the number beforehand; a larval SA that escapes the journal here expires by itself.
    return andThen(spi, (number) => {
      this.#reserve({ source: remote, destination: local, spi: number, protocol, reqid });
      return number;
    });
  }

  /** Gives a reserved SPI back that no SA took over; anything else is ignored. Failures are logged. */
  async giveBack(destination: IpAddress, protocol: SaProtocol, spi: ChildSpi): Promise<void> {
    const key = reservationKey({ destination, protocol, spi });
    const record = this.#reserved.get(key);
    const sa = record === undefined ? undefined : this.#sas.get(record);
    if (record === undefined || sa === undefined) return;
    this.#reserved.delete(key);
    try {
      await this.#delete(record, sa);
    } catch (error) {
      this.#logger.log('knl', 1, `releasing SPI ${hex32(spi)} failed: ${errorText(error)}`);
    }
  }

  /**
   * Installs an SA; an inbound one completes its reservation, which is gone afterwards even if the kernel refuses. At once if the
   * kernel answers at once.
   */
  add(sa: KernelSa): Awaitable<HeldSa> {
    const id = listedSa(sa);
    const record = saRecord(id);
    const known = this.#sas.get(record);
    if (sa.direction === 'out' && known !== undefined) throw spiTaken(sa, true);
    return proceed(
      () => {
        this.#journal.add(record);
        this.#sas.set(record, id);
        return this.#kernel.addSa(sa);
      },
      () => this.#added(sa, record, id),
      (error) => {
        if (known === undefined) this.#forget(record);
        else this.#sas.set(record, known);
        return this.#refused(sa, error);
      },
    );
  }

  #added(sa: KernelSa, record: string, id: ListedSa): HeldSa {
    const { spi, reqid, direction } = sa;
    if (this.#logger.enabled('knl', 2)) {
      this.#logger.log('knl', 2, `added SAD entry with SPI ${hex32(spi)} and reqid {${reqid}}`);
    }
    if (direction === 'in') {
      const key = reservationKey(sa);
      const reserved = this.#reserved.get(key);
      this.#reserved.delete(key);
      // The record made by the reservation goes over into the SA's hands.
      if (reserved !== undefined && reserved !== record) this.#forget(reserved);
    }
    return new OwnedSa(this.#desk, record, id, direction);
  }

  async #refused(sa: KernelSa, error: unknown): Promise<never> {
    const taken = error instanceof KernelError && error.errnoName === 'EEXIST';
    const reason = taken ? spiTaken(sa, this.#holds(sa), error) : error;
    if (sa.direction === 'in') await this.giveBack(sa.destination, sa.protocol, sa.spi);
    throw reason;
  }

  /** Takes over an SA that a predecessor installed and the kernel still has. */
  adopt(sa: KernelSa): HeldSa {
    const id = listedSa(sa);
    const record = saRecord(id);
    this.#journal.add(record);
    this.#sas.set(record, id);
    return new OwnedSa(this.#desk, record, id, sa.direction);
  }

  /** Takes over an SPI that a predecessor reserved and the kernel still has. */
  adoptReserved(sa: ListedSa): void {
    this.#reserve(sa);
  }

  #reserve(sa: ListedSa): void {
    const record = saRecord(sa);
    this.#journal.add(record);
    this.#sas.set(record, sa);
    this.#reserved.set(reservationKey(sa), record);
  }

  /** Whether an SPI is reserved, and no SA has taken it over. */
  isReserved(sa: Pick<SaId, 'destination' | 'protocol' | 'spi'>): boolean {
    return this.#reserved.has(reservationKey(sa));
  }

  /** Whether an SA with this journal record is held or reserved. */
  has(record: string): boolean {
    return this.#sas.has(record);
  }

  /** Removes all of them, one after the other; each failure is told and its record stays. */
  async clear(failed: (sa: SaId, error: unknown) => void): Promise<void> {
    for (const [record, sa] of [...this.#sas]) {
      try {
        await this.#kernel.deleteSa(sa);
        this.#forget(record);
      } catch (error) {
        failed(sa, error);
      }
    }
    this.#reserved.clear();
  }

  /** Those that a dump of the kernel, made by `list`, does not show although they were there before it and still should be. */
  async missing(list: () => Promise<readonly ListedSa[]>): Promise<readonly SaId[]> {
    const before = [...this.#sas];
    const present = new Set((await list()).map(saRecord));
    return before
      .filter(([record]) => !present.has(record) && this.#sas.has(record))
      .map(([, id]) => id);
  }

  async #move(
    { record, id, direction }: OwnedSa,
    to: SaEnds,
    policies: readonly KernelPolicy[],
  ): Promise<readonly [record: string, id: ListedSa]> {
    const moved = { ...id, source: to.source, destination: to.destination };
    const next = saRecord(moved);
    if (next !== record) this.#journal.add(next);
    try {
      await this.#kernel.moveSa({ ...id, direction }, to, policies);
    } catch (error) {
      if (next !== record) this.#journal.remove(next);
      throw error;
    }
    if (next === record) return [record, id];
    this.#sas.set(next, moved);
    this.#forget(record);
    this.#logger.log('knl', 2, `moved SAD entry with SPI ${hex32(id.spi)}`);
    return [next, moved];
  }

  #delete(record: string, sa: SaId): Awaitable<void> {
    return andThen(this.#kernel.deleteSa(sa), () => {
      this.#forget(record);
      if (this.#logger.enabled('knl', 2)) {
        this.#logger.log('knl', 2, `deleted SAD entry with SPI ${hex32(sa.spi)}`);
      }
    });
  }

  #holds(sa: SaId): boolean {
    for (const ours of this.#sas.values()) {
      if (ours.spi === sa.spi && ours.destination === sa.destination) return true;
    }
    return false;
  }

  #forget(record: string): void {
    this.#sas.delete(record);
    this.#journal.remove(record);
  }
}

function reservationKey(sa: Pick<SaId, 'destination' | 'protocol' | 'spi'>): string {
  return `${sa.destination} ${sa.protocol} ${sa.spi}`;
}

function listedSa({ source, destination, spi, protocol, reqid, mark, ifId }: KernelSa): ListedSa {
  const id: Draft<ListedSa> = { source, destination, spi, protocol, reqid };
  if (mark !== undefined) id.mark = mark;
  if (ifId !== undefined) id.ifId = ifId;
  return id;
}

function spiTaken(sa: KernelSa, ours: boolean, cause?: KernelError): Error {
  const which = `SPI ${hex32(sa.spi)} towards ${sa.destination}`;
  const message = ours
    ? `the peer chose ${which}, which another CHILD_SA of ours still uses`
    : `the kernel has an SA with ${which} that is not ours: remove it (ip xfrm state) or let the peer choose again`;
  if (cause === undefined) return new KernelError('add SA', 17, 'EEXIST', message);
  return new KernelError(cause.operation, cause.errno, cause.errnoName, message, { cause });
}
