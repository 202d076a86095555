import { ConnectionStore } from './config/connection-store.ts';
import { KnownNames } from './config/known-names.ts';
import type { DaemonOptions } from './config/options.ts';
import type { Clock } from './contracts/clock.ts';
import type { CredentialFileSource } from './contracts/credential-files.ts';
import type { CrlFiles } from './contracts/crl-files.ts';
import type { Crypto } from './contracts/crypto.ts';
import type { DatagramTransport } from './contracts/datagram.ts';
import type { DaemonEvent } from './contracts/events.ts';
import type { Fetcher } from './contracts/fetcher.ts';
import type { StateJournal } from './contracts/journal.ts';
import type { KernelIpsec, KernelNet } from './contracts/kernel.ts';
import type { KeyLog } from './contracts/key-log.ts';
import type { LogHub } from './contracts/logger.ts';
import type { ExchangeObserver } from './contracts/monitoring.ts';
import type { NameServerHandler } from './contracts/name-servers.ts';
import type { Processes } from './contracts/processes.ts';
import type { Random } from './contracts/random.ts';
import type { RedirectPolicy } from './contracts/redirect.ts';
import type { SessionStore } from './contracts/session-store.ts';
import type { PrivateKeys } from './contracts/signatures.ts';
import type { Control, Outcome } from './control/control.ts';
import { Controller } from './control/controller.ts';
import { LeftoverGrace } from './control/leftover-grace.ts';
import { within } from './control/within.ts';
import { Credentials } from './credentials/credentials.ts';
import type { ExpiryWatch } from './credentials/expiry-watch.ts';
import { FileCredentials } from './credentials/file-credentials.ts';
import { SharedKeyStore } from './credentials/shared-keys.ts';
import { RoundCredentialsCache } from './ike/authenticators/round-credentials.ts';
import { IkeSaManager } from './ike/ike-sa-manager.ts';
import { Roaming } from './ike/roaming.ts';
import { NO_SESSION_JOURNAL } from './ike/state/session-journal.ts';
import { Takeover } from './ike/state/takeover.ts';
import { TimeBase } from './ike/state/time-base.ts';
import { UpdownScripts } from './ike/updown.ts';
import { BypassLan } from './kernel/bypass-lan.ts';
import { type InstallerSettings, KernelInstaller } from './kernel/installer.ts';
import { NameServers } from './kernel/name-servers.ts';
import { VirtualIps } from './kernel/virtual-ips.ts';
import { InterfaceFilter } from './network/interface-filter.ts';
import { LocalAddresses } from './network/local-addresses.ts';
import { Receiver } from './network/receiver.ts';
import { Sender } from './network/sender.ts';
import { PoolStore } from './pools/pool-store.ts';
import type { IpAddress } from './proto/ip-address.ts';
import { trustConnection, trustServices } from './trust-services.ts';
import { Emitter } from './util/emitter.ts';
import { errorText } from './util/error.ts';

/** The outside world, as the daemon sees it: everything it cannot compute. */
export interface DaemonContracts {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: DatagramTransport;
  readonly kernel: KernelIpsec;
  readonly net: KernelNet;
  readonly crypto: Crypto;
  /** Belongs to the caller, who disposes it after `shutdown`. */
  readonly privateKeys: PrivateKeys;
  /** Certificates and private keys in files; without it they come over VICI only. Belongs to the caller. */
  readonly credentialFiles?: CredentialFileSource | undefined;
  /** Watches our requests. */
  readonly observer?: ExchangeObserver | undefined;
  /** Gives keys away; belongs to the caller, who closes it after `shutdown`. */
  readonly keyLog?: KeyLog | undefined;
  readonly hub: LogHub;
  readonly options: DaemonOptions;
  readonly journal: StateJournal;
  /** Fetches CRLs, OCSP responses and certificates; without it nothing is fetched. */
  readonly fetcher?: Fetcher | undefined;
  /** Where fetched CRLs outlive the process (`cache_crls`). */
  readonly crlFiles?: CrlFiles | undefined;
  /** Lets everything else run, in the middle of long work. */
  readonly pause?: () => Promise<void>;
  /** Runs updown scripts; without it they are not run. */
  readonly processes?: Processes;
  /** Where established IKE_SAs are kept for a successor; without it they end with the process. */
  readonly sessions?: SessionStore | undefined;
  /** Names of the plugins in use, for `stats`. */
  readonly plugins?: readonly string[];
  /** Addresses of a DNS name; without it names are not resolved. */
  readonly resolve?: (name: string) => Promise<readonly IpAddress[]>;
  /** Puts DNS servers that peers assign into force; without it none are asked for. */
  readonly nameServers?: NameServerHandler | undefined;
  /** At least 32 octets that outlive this process, for quick crash detection (RFC 6290); without them peers get no token. */
  readonly crashSecret?: Uint8Array | undefined;
  /** Decides which peers are sent to another gateway; without it only the command `redirect` does. */
  readonly redirects?: RedirectPolicy;
  /** Reads strongswan.conf again; without it `reload-settings` changes nothing. */
  readonly reloadOptions?: () => Promise<DaemonOptions>;
  /** Where that file is, for whoever has to be told that it could not be read. */
  readonly confPath?: string;
}

/** A running IKE daemon. Several may live in one process: nothing is shared between them. */
export interface IkeDaemon {
  readonly control: Control;
  readonly sharedKeys: SharedKeyStore;
  readonly credentials: Credentials;
  /** Warns of certificates that expire, once started. */
  readonly expiryWatch: ExpiryWatch;
  readonly manager: IkeSaManager;
  readonly options: () => DaemonOptions;
  /** Cleans up after a predecessor that was killed, then receives. */
  start(): Promise<void>;
  /** Sends DELETEs, takes everything out of the kernel, and stops receiving. */
  shutdown(): Promise<void>;
  /** No IKE_SA has work in flight. */
  readonly idle: boolean;
}

/** Longest time for IKE_SAs to say goodbye, milliseconds: less than a process gets to end in all. */
const SHUTDOWN_LIMIT = 2000;

const A_DAY = 86_400;

/** Longest time for the scripts of CHILD_SAs that went down with it, milliseconds. */
const SCRIPTS_LIMIT = 2000;

/** Puts a daemon together from its parts; nothing runs before `start`. */
export function createDaemon(contracts: DaemonContracts): IkeDaemon {
  const { clock, random, transport, kernel, net, crypto, hub, journal } = contracts;
  let current = contracts.options;
  const options = (): DaemonOptions => current;
  const names = new KnownNames();
  const resolve = async (name: string): Promise<readonly IpAddress[]> => {
    const found = (await contracts.resolve?.(name)) ?? [];
    if (found.length > 0) names.set(name, found);
    return found;
  };
  const events = new Emitter<DaemonEvent>((error) =>
    hub.log('dmn', 1, `a listener for events failed: ${errorText(error)}`),
  );
  const sharedKeys = new SharedKeyStore(() => current.rdn_matching);
  const credentials = new Credentials({
    tools: {
      publicKey: (spki) => crypto.signatures.publicKey(spki),
      hash: (name, ...chunks) => crypto.hash(name, ...chunks),
    },
    keys: contracts.privateKeys,
    rdnMatching: () => current.rdn_matching,
  });
  const publicKeys = trustServices({
    clock,
    random,
    crypto,
    logger: hub,
    options,
    credentials,
    privateKeys: contracts.privateKeys,
    fetcher: contracts.fetcher,
    crlFiles: contracts.crlFiles,
    pause: contracts.pause,
    onExpired: () => events.emit({ kind: 'alert', type: 'cert-expired' }),
  });
  const fileCredentials = new FileCredentials({
    credentials,
    keys: contracts.privateKeys,
    clock,
    log: hub,
  });
  const connections = new ConnectionStore({
    rdnMatching: () => current.rdn_matching,
    names,
    changed: (name, config) => trustConnection(credentials, name, config),
  });
  const pools = new PoolStore(hub);
  const virtualIps = new VirtualIps({
    net,
    journal,
    logger: hub,
    settings: () => ({
      install: current.install_virtual_ip,
      interfaceName: current.install_virtual_ip_on ?? '',
    }),
  });
  const nameServers = new NameServers({ handler: contracts.nameServers, journal, logger: hub });
  const installer = new KernelInstaller({
    kernel,
    net,
    clock,
    journal,
    logger: hub,
    settings: () => ({
      installRoutes: current.install_routes,
      routesIntoInterfaces: current['plugins.kernel-netlink.install_routes_xfrmi'],
      routingTable: current.routing_table,
      routingTablePriority: current.routing_table_prio,
      ...ruleMarkOf(current),
      routeMtu: current['plugins.kernel-netlink.mtu'],
      routeMss: current['plugins.kernel-netlink.mss'],
      spiMin: current.spi_min,
      spiMax: current.spi_max,
      reqidBase: current.reqid_base,
    }),
  });
  const bypassLan = new BypassLan({
    net,
    installer,
    logger: hub,
    settings: () => ({
      enabled: current['plugins.bypass-lan.load'],
      use: current['plugins.bypass-lan.interfaces_use'],
      ignore: current['plugins.bypass-lan.interfaces_ignore'],
    }),
  });
  const takeover = contracts.sessions && new Takeover(contracts.sessions, new TimeBase(clock));
  const sender = new Sender(transport);
  const updown = new UpdownScripts({
    ...(contracts.processes === undefined ? {} : { processes: contracts.processes }),
    log: hub,
    limits: () => ({
      timeLimit: Math.min(Math.max(current['plugins.updown.timeout'], 1), A_DAY) * 1000,
      parallel: current['plugins.updown.max_parallel'],
    }),
    interfaceTowards: async (remote) => (await net.route(remote))?.interfaceName,
  });
  const manager = new IkeSaManager({
    updown,
    clock,
    random,
    crypto,
    log: hub,
    options,
    installer,
    sharedKeys,
    privateKeys: contracts.privateKeys,
    credentials,
    publicKeys,
    rounds: new RoundCredentialsCache(crypto),
    connections,
    pools,
    virtualIps,
    nameServers,
    crashSecret: contracts.crashSecret,
    keyLog: contracts.keyLog,
    observer: contracts.observer,
    redirects: contracts.redirects,
    ikePort: transport.ikePort,
    nattPort: transport.nattPort,
    send: (local, remote, message, sendOptions) => sender.send(local, remote, message, sendOptions),
    sendRaw: (local, remote, octets) => sender.sendRaw(local, remote, octets),
    route: (remote, source) => net.route(remote, source),
    localAddresses: () => localAddresses.all.filter(({ address }) => !virtualIps.has(address)),
    isIdleAddress: (address) => localAddresses.isIdle(address),
    sourceAddress: async (remote) => {
      const source = (await net.route(remote))?.source;
      return source !== undefined && interfaces.allows(source) ? source : undefined;
    },
    resolve,
    emit: (build) => {
      if (events.size > 0) events.emit(build());
    },
    watched: () => events.size > 0,
    sessions: takeover?.writer ?? NO_SESSION_JOURNAL,
  });
  const interfaces = new InterfaceFilter(net, options);
  const localAddresses = new LocalAddresses(net, interfaces, (address) => virtualIps.has(address));
  const roaming = new Roaming({
    clock,
    manager,
    options,
    refresh: () => refreshInterfaces(),
    reroute: async () => {
      // Routes name them as their source.
      await virtualIps.restore();
      await installer.reroute();
    },
    failed: (text) => hub.log('knl', 1, `following a change of the network failed: ${text}`),
  });
  const refreshInterfaces = async (): Promise<void> => {
    try {
      await interfaces.refresh();
      await localAddresses.refresh();
      await bypassLan.refresh();
    } catch (error) {
      hub.log('net', 1, `reading the addresses of this host failed: ${errorText(error)}`);
    }
  };
  const receiver = new Receiver(
    transport.ikePort,
    () => current.max_packet,
    (message, local, remote) => {
      if (interfaces.allows(local.address)) manager.receive(message, local, remote);
    },
  );
  const reloadSettings = async (): Promise<Outcome> => {
    try {
      current = (await contracts.reloadOptions?.()) ?? current;
      await refreshInterfaces();
      await contracts.credentialFiles?.rescan();
      return { ok: true };
    } catch (error) {
      const file = contracts.confPath ?? 'strongswan.conf';
      return { ok: false, errmsg: `reloading '${file}' failed: ${errorText(error)}` };
    }
  };
  // Those that came from files come from there again; of those from VICI the log tells.
  let keysLost = (): void => undefined;
  const grace = new LeftoverGrace(clock, {
    present: () => installer.hasLeftovers,
    drop: async () => {
      await installer.dropLeftovers();
      await virtualIps.dropLeftovers();
    },
  });
  const control = new Controller({
    clock,
    hub,
    options,
    manager,
    connections,
    pools,
    events,
    plugins: contracts.plugins ?? [],
    reloadSettings,
    resolve,
    grace,
    bypasses: () => bypassLan.views(),
  });

  return {
    control,
    sharedKeys,
    credentials,
    expiryWatch: publicKeys.expiryWatch,
    manager,
    options,
    get idle() {
      return manager.idle;
    },
    async start() {
      // Whoever connects first is judged by the same credentials as everybody later.
      await publicKeys.start();
      await contracts.credentialFiles?.start((changes) => fileCredentials.handle(changes));
      keysLost = contracts.privateKeys.onLost(() => void contracts.credentialFiles?.rereadKeys());
      installer.onEvent((event) => manager.onKernelEvent(event));
      nameServers.start();
      virtualIps.start();
      const adopted = await installer.start(takeover?.children, takeover?.reserved);
      if (takeover !== undefined) await manager.takeOver(takeover, adopted);
      await virtualIps.settle();
      // A program that hangs must not keep the daemon from its work.
      await within(clock, nameServers.settle(), SHUTDOWN_LIMIT, new AbortController().signal);
      grace.begin();
      net.onChange((what) => {
        void refreshInterfaces();
        roaming.changed(what);
      });
      await refreshInterfaces();
      if (current['plugins.kernel-netlink.port_bypass']) {
        await installer.installPortBypass([transport.ikePort, transport.nattPort]);
      }
      transport.onDatagram((datagram) => receiver.receive(datagram));
      if (takeover === undefined) return;
      manager.resume(takeover);
      // The addresses may have changed since the predecessor looked at them.
      roaming.changed('addresses');
      if (manager.size > 0) await installer.compare();
    },
    async shutdown() {
      grace.close();
      // An IKE_SA that waits for something outside must not keep what is in the kernel there.
      if (events.size > 0) events.emit({ kind: 'alert', type: 'shutdown-signal' });
      const never = new AbortController().signal;
      await within(clock, manager.shutdown(), SHUTDOWN_LIMIT, never);
      await installer.close();
      await within(clock, updown.settled(), SCRIPTS_LIMIT, never);
      await virtualIps.close();
      await within(clock, nameServers.close(), SHUTDOWN_LIMIT, never);
      contracts.sessions?.discard();
      publicKeys.expiryWatch.stop();
      publicKeys.close();
      keysLost();
      fileCredentials[Symbol.dispose]();
      sharedKeys.clear();
    },
  };
}

function ruleMarkOf(options: DaemonOptions): Pick<InstallerSettings, 'ruleMark'> {
  const ruleMark = options['plugins.kernel-netlink.fwmark'];
  return ruleMark === undefined ? {} : { ruleMark };
}
