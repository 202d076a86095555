import type { NameServer, NameServerHandler } from '../../daemon/contracts/name-servers.ts';

/** The DNS settings of a host, in memory; refuses when told to. */
export class FakeNameServers implements NameServerHandler {
  readonly target = '/etc/resolv.conf';
  readonly servers: NameServer[] = [];
  refusing = false;

  get addresses(): readonly string[] {
    return this.servers.map((server) => server.address);
  }

  async add(server: NameServer): Promise<void> {
    if (this.refusing) throw new Error('the disk is full');
    if (!this.addresses.includes(server.address)) this.servers.push(server);
  }

  async remove(server: NameServer): Promise<void> {
    if (this.refusing) throw new Error('the disk is full');
    const index = this.addresses.indexOf(server.address);
    if (index >= 0) this.servers.splice(index, 1);
  }
}
