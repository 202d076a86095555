import type { SaProtocol } from '../contracts/kernel.ts';
import type { ChildSpi } from '../proto/child-spi.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import { type Awaitable, andThen } from '../util/awaitable.ts';
import type { IkeSa } from './ike-sa.ts';
import type { ReservedSpi } from './state/create-progress.ts';

/** IP protocol of IPComp, among the IKE protocol ids of the others. */
const IPCOMP = 108;

/** What is reserved for a CHILD_SA until it is installed, and where: an end may move in between. */
export class ReservedSpis {
  readonly #sa: IkeSa;
  readonly #local: IpAddress;
  readonly #remote: IpAddress;
  /** One of a protocol, so at most three. */
  #all: readonly ReservedSpi[];

  /** With those that are reserved already. */
  constructor(sa: IkeSa, reserved: readonly ReservedSpi[] = []) {
    this.#sa = sa;
    this.#local = sa.local.address;
    this.#remote = sa.remote.address;
    this.#all = reserved;
  }

  get all(): readonly ReservedSpi[] {
    return this.#all;
  }

  /** Reserves an inbound SPI of an IKE protocol id (2 AH, 3 ESP), once. Fails with `KernelError`. */
  reserve(protocol: number): Awaitable<ChildSpi> {
    const known = this.get(protocol);
    if (known !== undefined) return known;
    const { installer } = this.#sa.env;
    const reserved = installer.allocateSpi(this.#local, this.#remote, ipProtocol(protocol), 0);
    return andThen(reserved, (spi) => {
      this.#all = this.#all.concat({ protocol, spi });
      return spi;
    });
  }

  /** Reserves a CPI, the SPI of IPComp, once. Fails with `KernelError`. */
  reserveCpi(): Awaitable<ChildSpi> {
    return this.reserve(IPCOMP);
  }

  get(protocol: number): ChildSpi | undefined {
    return this.#all.find((one) => one.protocol === protocol)?.spi;
  }

  get cpi(): ChildSpi | undefined {
    return this.get(IPCOMP);
  }

  /** A CHILD_SA has the SPI of this protocol: it is not ours to give back. */
  takenOver(protocol: number): void {
    this.#all = this.#all.filter((one) => one.protocol !== protocol);
  }

  /** Gives back what no CHILD_SA took over, if there is any; failures are logged. */
  release(): Promise<void> | undefined {
    return this.#all.length === 0 ? undefined : this.#release();
  }

  async #release(): Promise<void> {
    const { installer } = this.#sa.env;
    for (const one of this.#all) {
      const { spi } = one;
      const protocol = ipProtocol(one.protocol);
      if (installer.isReserved({ destination: this.#local, protocol, spi })) {
        await installer.releaseSpi(this.#local, this.#remote, protocol, spi);
      }
    }
  }
}

function ipProtocol(protocol: number): SaProtocol {
  if (protocol === IPCOMP) return IPCOMP;
  return protocol === ProtocolId.AH ? 51 : 50;
}
