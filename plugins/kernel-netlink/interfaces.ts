import { type IpAddress, ipFromBytes } from '../../daemon/proto/ip-address.ts';
import { NetlinkError, type RouteClient } from '../../native/index.ts';

const ENODEV = 19;

/** Names and indices of interfaces, asked for anew each time: they are needed rarely and change freely. */
export class Interfaces {
  readonly #client: RouteClient;

  constructor(client: RouteClient) {
    this.#client = client;
  }

  /** Names by index. */
  async names(): Promise<ReadonlyMap<number, string>> {
    return new Map((await this.#client.listLinks()).map((link) => [link.ifindex, link.name]));
  }

  /** Index of a name, 0 for none; rejects with ENODEV. */
  async indexOf(name: string | undefined): Promise<number> {
    if (name === undefined) return 0;
    for (const link of await this.#client.listLinks()) if (link.name === name) return link.ifindex;
    throw new NetlinkError(`find interface ${name}`, 'RTM_GETLINK', ENODEV);
  }

  /** Name of the XFRM interface with this interface id, `undefined` if there is none. */
  async ofId(ifId: number): Promise<string | undefined> {
    const links = await this.#client.listLinks();
    return links.find((link) => link.linkKind === 'xfrm' && link.ifId === ifId)?.name;
  }

  /** Index of the interface that has an address; rejects with ENODEV. */
  async holding(address: IpAddress): Promise<number> {
    for (const one of await this.#client.listAddresses()) {
      if (ipFromBytes(one.address) === address) return one.ifindex;
    }
    throw new NetlinkError(`find the interface with ${address}`, 'RTM_GETADDR', ENODEV);
  }
}
