import type { StateJournal } from '../contracts/journal.ts';
import { KernelError, type KernelNet } from '../contracts/kernel.ts';
import type { Logger } from '../contracts/logger.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import { errorText } from '../util/error.ts';
import { addressOfRecord, addressRecord } from './records.ts';
import { SharedObjects } from './shared-objects.ts';

/** The options that matter here, read at each use because a reload may change them. */
export interface VirtualIpSettings {
  readonly install: boolean;
  /** Interface of all virtual IPs; empty: the one that leads to the peer. */
  readonly interfaceName: string;
}

export interface VirtualIpDeps {
  readonly net: KernelNet;
  readonly journal: StateJournal;
  readonly logger: Logger;
  readonly settings: () => VirtualIpSettings;
}

/** A virtual IP in use. */
export interface InstalledVirtualIp {
  readonly interfaceName: string;
  /** Gives up one use; failures are logged. */
  release(): Promise<void>;
}

interface AddressPlace {
  readonly address: IpAddress;
  readonly interfaceName: string;
}

/**
 * Addresses that gateways assigned to this host: on an interface as long as anybody uses them, in the journal so that a
 * successor removes them. One that the host has anyway is used and left alone.
 */
export class VirtualIps {
  readonly #deps: VirtualIpDeps;
  readonly #places: SharedObjects<AddressPlace>;
  /** Addresses that are there because of us. */
  readonly #own = new Map<IpAddress, string>();
  /** What a predecessor left, by its record in the journal. */
  readonly #left = new Map<string, AddressPlace>();

  constructor(deps: VirtualIpDeps) {
    const { net, journal } = deps;
    this.#deps = deps;
    this.#places = new SharedObjects<AddressPlace>(
      {
        keyOf: ({ address }) => address,
        choose: (wishes) => wishes[0] as AddressPlace,
        recordOf: ({ address, interfaceName }) => addressRecord(address, interfaceName),
        // Wherever it is already, it serves.
        same: () => true,
        put: async ({ address, interfaceName }) => {
          await net.addAddress(address, interfaceName);
          this.#own.set(address, interfaceName);
        },
        drop: async ({ address, interfaceName }) => {
          await net.deleteAddress(address, interfaceName);
          this.#own.delete(address);
        },
        restore: ({ address, interfaceName }) =>
          net.addAddress(address, interfaceName).catch(unlessThere),
      },
      journal,
    );
  }

  /** Removes those that nobody was assigned again; failures are logged. */
  async dropLeftovers(): Promise<void> {
    await this.#drop(() => this.#places.dropUnwanted(() => true));
  }

  /** Whether the address is on this host because a gateway assigned it: no address to talk to gateways from. */
  has(address: IpAddress): boolean {
    return this.#own.has(address);
  }

  /** Learns what a killed predecessor left; {@link keep} and {@link settle} say what becomes of it. */
  start(): void {
    for (const record of this.#deps.journal.recorded()) {
      const place = addressOfRecord(record);
      if (place === undefined) continue;
      this.#left.set(record, place);
      this.#own.set(place.address, place.interfaceName);
      this.#places.found(place);
    }
  }

  /** An address that an IKE_SA of a predecessor had, and goes on to use. */
  keep(address: IpAddress): InstalledVirtualIp {
    const interfaceName = this.#own.get(address);
    if (interfaceName === undefined) return { interfaceName: '', release: async () => {} };
    const held = this.#places.acquire({ address, interfaceName });
    return { interfaceName, release: () => this.#drop(async () => (await held).release()) };
  }

  /**
   * Brings back what is kept but gone. What nobody keeps stays until {@link dropLeftovers}: as long as the predecessor's
   * policies are in force, packets of this host must have the source address that those are about.
   */
  async settle(): Promise<void> {
    const { net } = this.#deps;
    const kept = this.#places.records();
    await this.#places.settle();
    for (const [record, place] of this.#left) {
      const { address, interfaceName } = place;
      if (!kept.has(record)) {
        this.#places.adopt(place);
        continue;
      }
      await this.#drop(async () => {
        await net.addAddress(address, interfaceName).catch(unlessThere);
      });
    }
    this.#left.clear();
  }

  /**
   * Brings back those that went with their interface, as IPv6 ones do when it goes down: without it the traffic of this host
   * leaves under another source, beside the tunnel. Failures are logged; the next change of the network tries again.
   */
  async restore(): Promise<void> {
    if (this.#own.size === 0) return;
    await this.#drop(async () => {
      const there = new Set((await this.#deps.net.addresses()).map(({ address }) => address));
      if ([...this.#own.keys()].every((address) => there.has(address))) return;
      await this.#places.restore();
    });
  }

  /** Puts an address that a peer assigned on its interface. Rejects with {@link KernelError}. */
  async acquire(
    address: IpAddress,
    local: IpAddress,
    remote: IpAddress,
  ): Promise<InstalledVirtualIp> {
    const { net, settings, logger } = this.#deps;
    const { install, interfaceName: configured } = settings();
    const interfaceName = configured || (await net.route(remote, local))?.interfaceName;
    if (interfaceName === undefined) {
      throw new KernelError('add address', 101, 'ENETUNREACH', `no route to ${remote} any more`);
    }
    if (!install) return { interfaceName, release: async () => {} };
    if (!this.#own.has(address) && (await this.#isThere(address))) {
      logger.log('knl', 1, `virtual IP ${address} is on an interface already, using it as it is`);
      return { interfaceName, release: async () => {} };
    }
    const held = await this.#places.acquire({ address, interfaceName });
    return {
      interfaceName: this.#own.get(address) ?? interfaceName,
      release: () => this.#drop(async () => held.release()),
    };
  }

  /** Removes every address that is ours. */
  async close(): Promise<void> {
    await this.#drop(() => this.#places.clear());
  }

  async #isThere(address: IpAddress): Promise<boolean> {
    return (await this.#deps.net.addresses()).some((one) => one.address === address);
  }

  async #drop(release: () => Promise<void>): Promise<void> {
    try {
      await release();
    } catch (error) {
      this.#deps.logger.log('knl', 1, `changing virtual IPs failed: ${errorText(error)}`);
    }
  }
}

function unlessThere(error: unknown): void {
  if (!(error instanceof KernelError) || error.errnoName !== 'EEXIST') throw error;
}
