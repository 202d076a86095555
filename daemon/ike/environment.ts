import type { ConnectionStore } from '../config/connection-store.ts';
import type { ChildConfig, ConnectionConfig } from '../config/connection-types.ts';
import type { DaemonOptions } from '../config/options.ts';
import type { Clock } from '../contracts/clock.ts';
import type { Crypto } from '../contracts/crypto.ts';
import type { SendOptions } from '../contracts/datagram.ts';
import type { DaemonEvent } from '../contracts/events.ts';
import type { KernelNet } from '../contracts/kernel.ts';
import type { KeyLog } from '../contracts/key-log.ts';
import type { Logger } from '../contracts/logger.ts';
import type { ExchangeObserver } from '../contracts/monitoring.ts';
import type { Random } from '../contracts/random.ts';
import type { RedirectPolicy } from '../contracts/redirect.ts';
import type { PrivateKeys } from '../contracts/signatures.ts';
import type { Credentials } from '../credentials/credentials.ts';
import type { PublicKeyServices } from '../credentials/public-keys.ts';
import type { SharedKeyStore } from '../credentials/shared-keys.ts';
import type { KernelInstaller } from '../kernel/installer.ts';
import type { NameServers } from '../kernel/name-servers.ts';
import type { VirtualIps } from '../kernel/virtual-ips.ts';
import type { PoolStore } from '../pools/pool-store.ts';
import type { Endpoint } from '../proto/endpoint.ts';
import type { IkeSpi } from '../proto/ike-spi.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import type { JobLoad } from '../util/mailbox.ts';
import type { Throttle } from '../util/throttle.ts';
import type { AttemptBook } from './attempts/attempt-book.ts';
import type { RoundCredentialsCache } from './authenticators/round-credentials.ts';
import type { ChildMarks, UniqueNumbers } from './child-marks.ts';
import type { ChildSa } from './child-sa.ts';
import type { Counters } from './counters.ts';
import type { Destination } from './destination.ts';
import type { IkeSa } from './ike-sa.ts';
import type { SessionJournal } from './state/session-journal.ts';
import type { UpdownScripts } from './updown.ts';

/** What an IKE_SA sees of the world; one value for all of a daemon, handed in by the composition root. */
export interface IkeEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly log: Logger;
  /** The options in force now: read at each use, kept by nobody. */
  readonly options: () => DaemonOptions;
  readonly installer: KernelInstaller;
  readonly sharedKeys: SharedKeyStore;
  readonly privateKeys: PrivateKeys;
  readonly credentials: Credentials;
  /** Private keys, certificates, and whom to believe. */
  readonly publicKeys: PublicKeyServices;
  /** Authentication rounds of the configuration, decoded. */
  readonly rounds: RoundCredentialsCache;
  readonly connections: ConnectionStore;
  readonly pools: PoolStore;
  /** Addresses and DNS servers that peers assign to this host. */
  readonly virtualIps: VirtualIps;
  readonly nameServers: NameServers;
  /** Outlives this process: what quick crash detection is made of (RFC 6290). Without it peers get no token. */
  readonly crashSecret?: Uint8Array | undefined;
  /** Decides which peers are served by another gateway. */
  readonly redirects?: RedirectPolicy | undefined;
  /** Watches our requests; absent unless somebody monitors the daemon. */
  readonly observer?: ExchangeObserver | undefined;
  /** Gives keys away to the operator; absent unless that was asked for. */
  readonly keyLog?: KeyLog | undefined;
  readonly ikePort: number;
  readonly nattPort: number;
  send(local: Endpoint, remote: Endpoint, message: Uint8Array, options?: SendOptions): void;
  /** Sends octets that are no IKE message: without the non-ESP marker. */
  sendRaw(local: Endpoint, remote: Endpoint, octets: Uint8Array): void;
  /** Source address that the kernel would use towards an address. */
  sourceAddress(remote: IpAddress): Promise<IpAddress | undefined>;
  /** The same with the interface that leads there; `source` asks for the way from an address of ours. */
  route(remote: IpAddress, source?: IpAddress): ReturnType<KernelNet['route']>;
  /** Addresses of this host that a peer can reach, as they were read last. */
  localAddresses(): readonly { readonly address: IpAddress; readonly interfaceName: string }[];
  /** Whether the address is one of an interface that is down, as it was read last. */
  isIdleAddress(address: IpAddress): boolean;
  /** Addresses of a DNS name, best first; empty if there is none. */
  resolve(name: string): Promise<readonly IpAddress[]>;
  /** Raises an event; it is built at once, but only if somebody listens. */
  emit(build: () => DaemonEvent): void;
  /** Whether anybody listens: ask before a snapshot that must precede a change. */
  watched(): boolean;
  readonly updown: UpdownScripts;
  readonly counters: Counters;
  /** The last failures, for whoever asks why a connection is not up. */
  readonly attempts: AttemptBook;
  /** Jobs that wait for their IKE_SA. */
  readonly jobs: JobLoad;
  /** Bounds how often strangers can make alerts. */
  readonly outsideAlerts: Throttle;
  readonly sessions: SessionJournal;
  readonly registry: SaRegistry;
}

/** What one IKE_SA may know of and do to the table of all. */
export interface SaRegistry extends UniqueNumbers {
  /** A random SPI that no IKE_SA of ours uses. */
  newSpi(): IkeSpi;
  nextChildId(): number;
  /** What the trap of a child has; `undefined` if it has none, or one of another configuration. */
  trapMarks(connection: ConnectionConfig, child: ChildConfig): ChildMarks | undefined;
  /** The IKE_SA changed its SPI (a new try) or its state: the tables follow. */
  rekeyed(sa: IkeSa, oldSpi: IkeSpi): void;
  /** The peer is at another address than `before`. */
  moved(sa: IkeSa, before: IpAddress): void;
  established(sa: IkeSa): void;
  /** It is being destroyed: nothing finds it any more. */
  destroyed(sa: IkeSa): void;
  /** It was established and is being deleted: no duplicate of others any more. */
  leaving(sa: IkeSa): void;
  /** It is gone, its kernel state included. */
  ended(sa: IkeSa): void;
  /** A CHILD_SA is in the kernel, or was taken out of it: events name it by SPI. */
  childInstalled(sa: IkeSa, child: ChildSa): void;
  childRemoved(child: ChildSa): void;
  /** False if certainly no CHILD_SA in the kernel has these selectors. */
  mayHaveChild(terms: Pick<ChildSa['terms'], 'localTs' | 'remoteTs'>): boolean;
  /** A new IKE_SA to replace one by rekeying: found by its SPI only, until it has {@link replaced} the old one. */
  successor(old: IkeSa, isInitiator: boolean, spi: IkeSpi): IkeSa;
  /** An IKE_SA took the place of another: whoever looks for that finds this one. */
  replaced(old: IkeSa, fresh: IkeSa): void;
  /** Established IKE_SAs between the same identities, RFC 7296 section 2.4; the SA itself left out. */
  duplicatesOf(sa: IkeSa): readonly IkeSa[];
  /** Whether there is one of them; does not depend on how many there are. */
  hasDuplicate(sa: IkeSa): boolean;
  /** Those of them that the other side initiated, seen from `sa`, whose identities are known. */
  crossingOf(sa: IkeSa): readonly IkeSa[];
  /** A new IKE_SA to a peer of an old one, not begun yet; `undefined` if the daemon is shutting down. */
  renew(old: IkeSa, destination: Destination): IkeSa | undefined;
  /**
   * The peer is about to close a CHILD_SA (the IKE_SA with all of them): milliseconds to wait before it is set up again, if it is to be.
   * More than 0 where such ones go as soon as they have come. To be asked once.
   */
  pauseAfterChild(child: ChildSa): number;
  pauseAfterIke(sa: IkeSa): number;
  /** Packets that meet the traps of these children ask for nothing for so many milliseconds. */
  holdTraps(sa: IkeSa, children: readonly string[], millis: number): void;
  /** Starts an IKE_SA anew after the peer was lost or closed it, for these children; after the pause that is due unless told. */
  reestablish(sa: IkeSa, children: readonly string[], pause?: number): void;
  /** Installs traps for these children before their CHILD_SAs go; failures are in the log. */
  trap(sa: IkeSa, children: readonly string[]): Promise<void>;
}
