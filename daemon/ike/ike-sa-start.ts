import type { ConnectionConfig } from '../config/connection-types.ts';
import type { Endpoint } from '../proto/endpoint.ts';
import type { IkeSpi } from '../proto/ike-spi.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import type { IkeEnvironment } from './environment.ts';
import type { IkeSa } from './ike-sa.ts';

/** How an IKE_SA comes to be. */
export interface IkeSaStart {
  readonly env: IkeEnvironment;
  readonly uniqueId: number;
  readonly isInitiator: boolean;
  readonly spi: IkeSpi;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly connection?: ConnectionConfig;
  /** Whom to connect to where the connection leaves that open. */
  readonly peer?: IpAddress;
}

/** The peer's rekeying of an IKE_SA. */
export interface PeerIkeRekey {
  /** What it made; `undefined` while additional key exchanges are missing. */
  readonly successor: IkeSa | undefined;
  /** The lower nonce of that exchange, which decides a collision (RFC 7296 section 2.8.2). */
  readonly lowestNonce: Uint8Array;
}
