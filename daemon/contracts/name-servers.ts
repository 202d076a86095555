import type { IpAddress } from '../proto/ip-address.ts';

/** A DNS server that a gateway assigned to this host. */
export interface NameServer {
  readonly address: IpAddress;
  /** The interface with the virtual IP it came with. */
  readonly interfaceName: string;
  /** Domains it is meant for, if it was not meant for all names: letters, digits, hyphens and dots only. */
  readonly domains: readonly string[];
}

/**
 * Where this host keeps its DNS servers. Changes are made one after the other, each within a limit of time; adding what is
 * there and removing what is gone change nothing. A change that failed rejects and may be repeated.
 */
export interface NameServerHandler {
  /** What it changes, for the log: `/etc/resolv.conf`. */
  readonly target: string;
  add(server: NameServer): Promise<void>;
  remove(server: NameServer): Promise<void>;
}
