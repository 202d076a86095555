import { type Endpoint, endpointKey } from '../../daemon/proto/endpoint.ts';
import type { IpAddress } from '../../daemon/proto/ip-address.ts';

/** First public port handed out. */
const FIRST_PORT = 20_001;

/** A NAT with one public address; mappings depend on the inner endpoint only and last until {@link rebind}. */
export class SimNat {
  readonly address: IpAddress;
  readonly #byInner = new Map<string, number>();
  readonly #byPort = new Map<number, Endpoint>();
  #nextPort = FIRST_PORT;

  constructor(address: IpAddress) {
    this.address = address;
  }

  /** The public endpoint of an inner one, made if there is none. */
  outbound(inner: Endpoint): Endpoint {
    const known = this.#byInner.get(endpointKey(inner));
    const port = known ?? this.#nextPort++;
    if (known === undefined) {
      this.#byInner.set(endpointKey(inner), port);
      this.#byPort.set(port, inner);
    }
    return { address: this.address, port };
  }

  /** The inner endpoint behind a public port, if a mapping exists. */
  inbound(port: number): Endpoint | undefined {
    return this.#byPort.get(port);
  }

  /** Maps a public port for good to an inner endpoint, in both directions. */
  forward(port: number, inner: Endpoint): void {
    this.#byInner.set(endpointKey(inner), port);
    this.#byPort.set(port, inner);
  }

  /** Forgets all mappings, as a restart does: the next packets get other ports. */
  rebind(): void {
    this.#byInner.clear();
    this.#byPort.clear();
  }
}
