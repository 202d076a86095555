import type { Clock } from './clock.ts';
import type { CredentialFileSettings, CredentialFileSource } from './credential-files.ts';
import type {
  AeadAlgorithm,
  CipherAlgorithm,
  HashName,
  KeyExchangeAlgorithm,
  MacAlgorithm,
  PrfAlgorithm,
} from './crypto.ts';
import type { DatagramTransport } from './datagram.ts';
import type { KernelIpsec, KernelNet } from './kernel.ts';
import type { KeyLog } from './key-log.ts';
import type { LocalDatagrams } from './local-datagram.ts';
import type { Logger } from './logger.ts';
import type { Monitoring, MonitoringSettings } from './monitoring.ts';
import type { NameServerHandler } from './name-servers.ts';
import type { SignatureVerifier } from './signatures.ts';
import type { PeerCredentials } from './stream.ts';

/** Digest of the chunks joined. */
export type HashFunction = (...chunks: readonly Uint8Array[]) => Uint8Array;

/** All algorithms one implementation of cryptography offers, as data. */
export interface CryptoProvider {
  /** Name of the plugin, for logs and `get-algorithms`. */
  readonly name: string;
  readonly aeads: readonly AeadAlgorithm[];
  readonly ciphers: readonly CipherAlgorithm[];
  readonly macs: readonly MacAlgorithm[];
  readonly prfs: readonly PrfAlgorithm[];
  readonly keyExchanges: readonly KeyExchangeAlgorithm[];
  /** A responder's half that is quicker than that of the provider which has the whole method. */
  readonly responders?: readonly Pick<KeyExchangeAlgorithm, 'id' | 'respond'>[];
  readonly hashes: Readonly<Partial<Record<HashName, HashFunction>>>;
  /** Public keys and signatures. */
  readonly signatures?: SignatureVerifier;
}

/** What a plugin that touches the system gets of its host. */
export interface PluginHost {
  readonly log: Logger;
  readonly clock: Clock;
}

/** SAs and policies with the addresses and routes that belong to the same kernel. */
export interface KernelBackend {
  readonly ipsec: KernelIpsec;
  readonly net: KernelNet;
}

/** How the kernel is to be set up. */
export interface KernelSettings {
  /** Seconds it keeps an unanswered acquire and a reserved SPI; 0 leaves its own. */
  readonly acquireLifetime: number;
  /** Routing tables that say nothing about the way to a peer. */
  readonly ignoredTables?: readonly number[];
  /** Temporary IPv6 addresses (RFC 8981) are chosen rather than lasting ones. */
  readonly preferTemporary?: boolean;
}

/** Which UDP sockets to open. */
export interface TransportSettings {
  /** `charon.port` and `charon.port_nat_t`; 0 lets the kernel choose. */
  readonly ikePort: number;
  readonly nattPort: number;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** Mark of what is sent; none if 0 or absent. */
  readonly mark?: number;
  /** The kernel chooses the source address of what is sent; ours is set unless this is given. */
  readonly kernelChoosesSource?: boolean;
  /** The sockets are subject to policies; each is exempt unless this is given. */
  readonly underPolicies?: boolean;
}

/** How this host is told about DNS servers: the file, and the programs that may be in charge of it. */
export interface NameServerSettings {
  readonly file: string;
  readonly resolvconfPath: string;
  /** Name of our entry in resolvconf. */
  readonly resolvconfInterface: string;
  readonly resolvectlPath: string;
}

/** Which keys are given away, and where. */
export interface KeyLogSettings {
  readonly directory: string;
  readonly ike: boolean;
  readonly esp: boolean;
}

/** What the default export of a plugin's `plugin.ts` declares: its name and the features it brings. */
export interface Plugin {
  readonly name: string;
  /** Builds the algorithms; called once, when the plugin is enabled. */
  readonly crypto?: () => CryptoProvider;
  /** Opens the kernel. Rejects with an `IkedError` whose message says what to do (no CAP_NET_ADMIN…). */
  readonly kernel?: (host: PluginHost, settings: KernelSettings) => Promise<KernelBackend>;
  /** Opens the IKE sockets. Rejects with an `IkedError` whose message says what to do (port in use…). */
  readonly transport?: (
    settings: TransportSettings,
    host: PluginHost,
  ) => Promise<DatagramTransport>;
  /** Finds out who is in charge of DNS on this host. */
  readonly nameServers?: (settings: NameServerSettings) => Promise<NameServerHandler>;
  /** Finds certificates and private keys in a directory. */
  readonly credentialFiles?: (
    settings: CredentialFileSettings,
    host: PluginHost,
  ) => CredentialFileSource;
  /** Gives keys away. */
  readonly keyLog?: (settings: KeyLogSettings, host: PluginHost) => KeyLog;
  /** Lets others watch the daemon. */
  readonly monitoring?: (settings: MonitoringSettings, host: PluginHost) => Monitoring;
  /** Sends to local services. Throws if this machine cannot. */
  readonly localDatagrams?: () => LocalDatagrams;
  /** Tells who is at the other end of a UNIX stream, by its descriptor. */
  readonly peerCredentials?: (descriptor: number) => PeerCredentials | undefined;
}
