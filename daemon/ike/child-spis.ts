import type { ChildSpi } from '../proto/child-spi.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import type { IkeSa } from './ike-sa.ts';
import type { ReservedSpi } from './state/create-progress.ts';

/** IP protocol of IPComp, among the IKE protocol ids of the others. */
const IPCOMP = 108;

/** What is reserved for a CHILD_SA until it is installed, and where: an end may move in between. */
export class ReservedSpis {
  readonly #sa: IkeSa;
  readonly #ends: { readonly local: IpAddress; readonly remote: IpAddress };
  /** By IKE protocol id. */
  readonly #spis = new Map<number, ChildSpi>();
  #cpi: ChildSpi | undefined;

  /** With those that are reserved already. */
  constructor(sa: IkeSa, reserved: readonly ReservedSpi[] = []) {
    this.#sa = sa;
    this.#ends = { local: sa.local.address, remote: sa.remote.address };
    for (const { protocol, spi } of reserved) {
      if (protocol === IPCOMP) this.#cpi = spi;
      else this.#spis.set(protocol, spi);
    }
  }

  get all(): readonly ReservedSpi[] {
    const spis = [...this.#spis].map(([protocol, spi]) => ({ protocol, spi }));
    return this.#cpi === undefined ? spis : [...spis, { protocol: IPCOMP, spi: this.#cpi }];
  }

  /** Reserves an inbound SPI of an IKE protocol id (2 AH, 3 ESP), once. Rejects with `KernelError`. */
  async reserve(protocol: number): Promise<ChildSpi> {
    const { local, remote } = this.#ends;
    const known = this.#spis.get(protocol);
    if (known !== undefined) return known;
    const { installer } = this.#sa.env;
    const spi = await installer.allocateSpi(local, remote, ipProtocol(protocol), 0);
    this.#spis.set(protocol, spi);
    return spi;
  }

  /** Reserves a CPI, the SPI of IPComp. Rejects with `KernelError`. */
  async reserveCpi(): Promise<ChildSpi> {
    const { local, remote } = this.#ends;
    this.#cpi ??= await this.#sa.env.installer.allocateSpi(local, remote, 108, 0);
    return this.#cpi;
  }

  get(protocol: number): ChildSpi | undefined {
    return this.#spis.get(protocol);
  }

  get cpi(): ChildSpi | undefined {
    return this.#cpi;
  }

  /** Gives back what no CHILD_SA took over; failures are logged. */
  async release(): Promise<void> {
    const { local, remote } = this.#ends;
    const { installer } = this.#sa.env;
    for (const [protocol, spi] of this.#spis) {
      const ip = ipProtocol(protocol);
      if (installer.isReserved({ destination: local, protocol: ip, spi })) {
        await installer.releaseSpi(local, remote, ip, spi);
      }
    }
    if (this.#cpi !== undefined) await installer.releaseSpi(local, remote, 108, this.#cpi);
  }
}

function ipProtocol(protocol: number): 50 | 51 {
  return protocol === ProtocolId.AH ? 51 : 50;
}
