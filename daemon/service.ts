import { hostname, machine, release, type } from 'node:os';
import { basename } from 'node:path';
import { ConfNode } from './config/conf-tree.ts';
import type { DaemonOptions } from './config/options.ts';
import { reloadedOptions } from './config/reloaded-options.ts';
import { resolveOptions } from './config/resolve-options.ts';
import { parseConfText, readConfFile } from './config/strongswan-conf.ts';
import type { Crypto } from './contracts/crypto.ts';
import { KernelError } from './contracts/kernel.ts';
import type { LocalDatagramSender } from './contracts/local-datagram.ts';
import type { LogGroup, LogHub, LogLevel } from './contracts/logger.ts';
import type { KernelBackend, KernelSettings } from './contracts/plugin.ts';
import type { PrivateKeys } from './contracts/signatures.ts';
import { runScripts } from './control/operator-scripts.ts';
import { createDaemon } from './daemon.ts';
import { ExitCode, StartupError } from './exit-codes.ts';
import { MemoryJournal } from './kernel/memory-journal.ts';
import { InProcessKeys } from './keyd/in-process.ts';
import { RemoteKeys } from './keyd/remote-keys.ts';
import {
  type LoadedPlugins,
  loadLocalDatagrams,
  loadPeerCredentials,
  loadPlugins,
} from './load-plugins.ts';
import { EncryptionId, IntegrityId } from './proto/iana/transforms.ts';
import { inheritedSocket, type ListenEnvironment } from './runtime/inherited-sockets.ts';
import { keydEntry, startKeyd } from './runtime/keyd-process.ts';
import { connectKeyd } from './runtime/keyd-socket.ts';
import { NodeClock } from './runtime/node-clock.ts';
import { NodeCrlFiles } from './runtime/node-crl-files.ts';
import { NodeFetcher } from './runtime/node-fetcher.ts';
import { NodeFiles } from './runtime/node-files.ts';
import { NodeJournal } from './runtime/node-journal.ts';
import { NodeProcesses } from './runtime/node-processes.ts';
import { NodeRandom } from './runtime/node-random.ts';
import { resolveName } from './runtime/node-resolver.ts';
import { NodeSessionStore } from './runtime/node-session-store.ts';
import { NodeStreams, StreamError } from './runtime/node-stream.ts';
import { type NotifyEnvironment, NotifySocket } from './runtime/notify-socket.ts';
import { keepSecret } from './runtime/secret-file.ts';
import { openCrypto } from './service-crypto.ts';
import { openKeyLog } from './service-key-log.ts';
import { openServiceLogs } from './service-logs.ts';
import { monitoringSource, serveMonitoring } from './service-monitoring.ts';
import { ConfigError, errorText, IkedError } from './util/error.ts';
import { createViciServer } from './vici/server.ts';

/** What the environment of the process may say: most of it is a service manager's. */
export interface ServiceEnvironment extends NotifyEnvironment, ListenEnvironment {
  readonly STRONGSWAN_CONF?: string | undefined;
  /** Where we may keep files over a reboot; several folders are separated by colons. */
  readonly STATE_DIRECTORY?: string | undefined;
  /** Where we may keep files over a restart. */
  readonly RUNTIME_DIRECTORY?: string | undefined;
  readonly JOURNAL_STREAM?: string | undefined;
  /** Where key processes are started for us. */
  readonly CHARON_KEYD_SOCKET?: string | undefined;
}

export interface ServiceStart {
  readonly version: string;
  readonly environment: ServiceEnvironment;
  readonly debugLevels: Readonly<Partial<Record<LogGroup, LogLevel>>>;
  /** Log to syslog rather than the console where no logger is configured. */
  readonly useSyslog: boolean;
}

/** The daemon as a process of this machine: real clock, kernel, sockets, files. */
export interface Service {
  /**
   * Runs the operator's start scripts, then tells the service manager: ready means that what they load is there. To be
   * called once, when signals are handled.
   */
  ready(): Promise<void>;
  /** Ends gracefully: DELETEs sent, kernel state removed, sockets closed; at most a few seconds. */
  stop(): Promise<void>;
  /** Reads strongswan.conf again and reopens the logs. */
  reload(): void;
  /** Logs something that nothing contained. */
  logFatal(error: unknown): void;
}

const DEFAULT_CONF = '/etc/strongswan.conf';
/** Section of strongswan.conf that goes before `charon`: what Debian's configuration of the same service uses. */
const NAMESPACE = 'charon-systemd';
/** Name of the VICI socket where the service manager opens it (`FileDescriptorName=`). */
const VICI_NAME = 'vici';
/** The same for clients that may change nothing. */
const READ_ONLY_NAME = 'vici-read-only';
/** Longest graceful shutdown. */
const STOP_LIMIT = 5000;
/** Longest time of one start script and one stop script, milliseconds. */
const START_SCRIPT_LIMIT = 60_000;
const STOP_SCRIPT_LIMIT = 10_000;

/** Starts everything. Rejects with {@link StartupError}, whose message says what to do, and leaves nothing open. */
export async function startService(start: ServiceStart): Promise<Service> {
  const path = start.environment.STRONGSWAN_CONF ?? DEFAULT_CONF;
  const explicit = start.environment.STRONGSWAN_CONF !== undefined;
  const files = new NodeFiles();
  const read = (): ReturnType<typeof resolveOptions> =>
    resolveOptions(readTree(path, explicit, files), NAMESPACE);
  const { options, warnings } = asStartupError(ExitCode.CONFIG, read);

  const logging = await openServiceLogs(options.loggers, {
    journalStream: start.environment.JOURNAL_STREAM,
    consoleLevels: start.debugLevels,
    useSyslog: start.useSyslog,
  });
  const { hub } = logging;
  for (const warning of warnings) hub.log('cfg', 1, warning);
  await using opened = new AsyncDisposableStack();
  const onError = (error: unknown): void => hub.log('dmn', 0, errorText(error));

  const plugins = await loadPlugins(options);
  const clock = new NodeClock(onError);
  const { crypto, unused } = openCrypto(plugins.crypto, hub);
  const privateKeys = opened.use(
    openPrivateKeys(options, start.environment.CHARON_KEYD_SOCKET, crypto, clock, hub),
  );
  const kernel = await openKernel(plugins, hub, clock, {
    acquireLifetime: options['plugins.kernel-netlink.xfrm_acq_expires'],
    ignoredTables: options.ignore_routing_tables,
    preferTemporary: options.prefer_temporary_addrs,
  });
  opened.use(kernel.ipsec);
  opened.use(kernel.net);
  const transport = opened.use(
    await plugins.transport
      .transport(
        {
          ikePort: options.port,
          nattPort: options.port_nat_t,
          ipv4: options['plugins.socket-default.use_ipv4'],
          ipv6: options['plugins.socket-default.use_ipv6'],
          mark: options['plugins.socket-default.fwmark'],
          kernelChoosesSource: !options['plugins.socket-default.set_source'],
          underPolicies: options['plugins.kernel-netlink.port_bypass'],
        },
        { log: hub, clock },
      )
      .catch((error: unknown) => {
        throw portError(error);
      }),
  );
  const socketPath = options['plugins.vici.socket'].replace(/^unix:\/\//, '');
  const runPath = filesBeside(socketPath, start.environment.RUNTIME_DIRECTORY);
  const journal = opened.use(
    asStartupError(
      ExitCode.VICI_SOCKET,
      // A kernel that does nothing leaves nothing behind.
      () =>
        options['plugins.kernel-null.load']
          ? new MemoryJournal()
          : new NodeJournal(`${runPath}.journal`, onError),
    ),
  );
  const sessions = options.state_journal
    ? openSessions(`${runPath}.state`, (sentence) => hub.log('dmn', 0, sentence))
    : undefined;
  if (sessions !== undefined) opened.use(sessions);
  const keyLog = openKeyLog(plugins, options, { log: hub, clock });
  const monitoring =
    plugins.monitoring &&
    opened.use(
      plugins.monitoring(
        { address: options['plugins.metrics.address'], port: options['plugins.metrics.port'] },
        { log: hub, clock },
      ),
    );
  const processes = new NodeProcesses();
  let running = options;
  const reloadOptions = async (): Promise<DaemonOptions> => {
    const fresh = read();
    for (const warning of fresh.warnings) hub.log('cfg', 1, warning);
    await logging.reconfigure(fresh.options.loggers);
    const reloaded = reloadedOptions(running, fresh.options);
    for (const sentence of [...reloaded.applied, ...reloaded.needRestart]) {
      hub.log('cfg', 1, sentence);
    }
    running = reloaded.options;
    return running;
  };
  const daemon = createDaemon({
    clock,
    random: new NodeRandom(),
    transport,
    kernel: kernel.ipsec,
    net: kernel.net,
    crypto,
    privateKeys,
    hub,
    keyLog,
    observer: monitoring?.observer,
    options,
    journal,
    sessions,
    crashSecret: readCrashSecret(start.environment.STATE_DIRECTORY, runPath, hub),
    credentialFiles:
      plugins.credentialFiles &&
      opened.use(
        plugins.credentialFiles(
          {
            directory: options['plugins.credentials-files.directory'],
            interval: Math.max(options['plugins.credentials-files.interval'], 1),
            strictPermissions: options['plugins.credentials-files.strict_permissions'],
          },
          { log: hub, clock },
        ),
      ),
    fetcher: new NodeFetcher({ addresses: () => options['plugins.revocation.fetch_addresses'] }),
    crlFiles: new NodeCrlFiles(`${options['plugins.credentials-files.directory']}/x509crl`),
    pause,
    processes,
    nameServers: await plugins.nameServers?.({
      file: options['plugins.resolve.file'],
      resolvconfPath: options['plugins.resolve.resolvconf.path'],
      resolvconfInterface: options['plugins.resolve.resolvconf.iface'],
      resolvectlPath: options['plugins.resolve.resolvectl.path'],
    }),
    plugins: [...plugins.names.filter((name) => !unused.includes(name)), 'vici'],
    resolve: resolveName,
    reloadOptions,
    confPath: path,
  });
  await daemon.start().catch((error: unknown) => {
    throw kernelStartupError(error);
  });
  daemon.expiryWatch.start();
  const vici = opened.use(
    await createViciServer({
      control: daemon.control,
      keys: daemon.sharedKeys,
      privateKeys,
      credentials: daemon.credentials,
      credentialReader: daemon.credentials,
      crypto,
      hub,
      options: daemon.options,
      clock,
      streams: new NodeStreams({
        inherited: inheritedSockets(start.environment, options),
        peerOf: await loadPeerCredentials(),
      }),
      host: {
        daemon: 'charon-ts',
        version: start.version,
        sysname: type(),
        release: release(),
        machine: machine(),
      },
    }).catch(async (error: unknown) => {
      await daemon.shutdown();
      throw error instanceof StreamError || error instanceof ConfigError
        ? new StartupError(ExitCode.VICI_SOCKET, error.message, { cause: error })
        : error;
    }),
  );
  const systemd = new NotifySocket(
    start.environment,
    onError,
    await notifySender(start.environment, onError),
  );
  const scripts = { processes, log: hub };
  hub.log(
    'dmn',
    1,
    `charon-ts ${start.version} started on ${hostname()}, serving VICI at ${vici.path}`,
  );

  let ready = false;
  if (monitoring !== undefined) {
    const source = monitoringSource(daemon, {
      get ready() {
        return ready;
      },
      get logLinesLost() {
        return logging.dropped;
      },
      get viciClients() {
        return vici.clients;
      },
      pause,
    });
    await serveMonitoring(monitoring, source, hub);
  }
  const resources = opened.move();
  return {
    async ready() {
      await runScripts('start', options.startScripts, scripts, START_SCRIPT_LIMIT);
      ready = true;
      systemd.tell('ready');
      systemd.startWatchdog(clock, () => {
        const { ikeSas, halfOpen } = daemon.control.stats();
        return `IKE_SAs: ${ikeSas}, of them half-open: ${halfOpen}`;
      });
    },
    async stop() {
      ready = false;
      hub.log('dmn', 1, 'shutting down');
      systemd.tell('stopping');
      await runScripts('stop', running.stopScripts, scripts, STOP_SCRIPT_LIMIT);
      const graceful = daemon.shutdown().then(() => resources.disposeAsync());
      const limit = new Promise<void>((resolve) => setTimeout(resolve, STOP_LIMIT).unref());
      await Promise.race([graceful.then(() => keyLog?.close()), limit]);
      await logging.close();
    },
    reload() {
      daemon.control
        .reloadSettings()
        .then((outcome) => {
          // Rotation must not depend on a file that is being edited.
          if (!outcome.ok) logging.reopen();
          hub.log(
            'dmn',
            1,
            outcome.ok ? `reloaded ${path}` : `reloading ${path} failed: ${outcome.errmsg}`,
          );
        })
        .catch(onError);
    },
    logFatal(error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      hub.log('dmn', 0, `internal error outside of any IKE_SA: ${text}`);
    },
  };
}

function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

// A daemon that works must not die of its manager, nor of what it takes to speak to it.
async function notifySender(
  { NOTIFY_SOCKET }: NotifyEnvironment,
  onError: (error: unknown) => void,
): Promise<LocalDatagramSender | undefined> {
  if (!NOTIFY_SOCKET) return undefined;
  try {
    return (await loadLocalDatagrams()).to(NOTIFY_SOCKET);
  } catch (error) {
    onError(error);
    return undefined;
  }
}

// The process is started with the first key: who has none pays nothing.
function openPrivateKeys(
  options: DaemonOptions,
  socket: string | undefined,
  { signatures }: Crypto,
  clock: NodeClock,
  hub: LogHub,
): PrivateKeys {
  if (options['keyd.in_process']) return new InProcessKeys(signatures);
  if (socket) {
    return new RemoteKeys({ signatures, clock, log: hub, open: (to) => connectKeyd(socket, to) });
  }
  const setup = {
    entry: keydEntry(import.meta.url),
    user: options['keyd.user'] ?? '',
    log: (sentence: string) => hub.log('dmn', 1, sentence),
  };
  return new RemoteKeys({
    signatures,
    clock,
    log: hub,
    open: (events) => startKeyd(setup, events),
  });
}

// Without a safe place for keys the daemon does its work all the same.
function openSessions(
  folder: string,
  log: (sentence: string) => void,
): NodeSessionStore | undefined {
  try {
    return new NodeSessionStore(folder, { log });
  } catch (error) {
    log(`state_journal is on, but no state is kept: ${errorText(error)}`);
    return undefined;
  }
}

// Named like the socket, since daemons of other network namespaces may share the folder.
function filesBeside(socketPath: string, runtimeDirectory: string | undefined): string {
  const [folder] = (runtimeDirectory ?? '').split(':');
  return folder ? `${folder}/${basename(socketPath)}` : socketPath;
}

/** Octets of the secret of quick crash detection. */
const CRASH_SECRET_OCTETS = 32;

// In the state directory it survives a reboot, beside the socket a restart.
function readCrashSecret(
  stateDirectory: string | undefined,
  runPath: string,
  hub: LogHub,
): Uint8Array | undefined {
  const [folder] = (stateDirectory ?? '').split(':');
  const path = folder ? `${folder}/crash-detection` : `${runPath}.crash-detection`;
  try {
    return keepSecret(path, CRASH_SECRET_OCTETS, new NodeRandom());
  } catch (error) {
    hub.log('dmn', 1, `no quick crash detection for our peers: ${errorText(error)}`);
    return undefined;
  }
}

// Like charon, no configuration file is a configuration; one that was named must be there.
function readTree(path: string, explicit: boolean, files: NodeFiles): ConfNode {
  if (!explicit && !files.exists(path)) return ConfNode.of(parseConfText('', path, files));
  return readConfFile(path, files);
}

function asStartupError<T>(code: ExitCode, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw new StartupError(code, errorText(error), { cause: error });
  }
}

async function openKernel(
  plugins: LoadedPlugins,
  log: LogHub,
  clock: NodeClock,
  settings: KernelSettings,
): Promise<KernelBackend> {
  const kernel = await plugins.kernel.kernel({ log, clock }, settings).catch((error: unknown) => {
    throw kernelStartupError(error);
  });
  const canEsp =
    kernel.ipsec.supports(50, EncryptionId.AES_GCM_16, 128, undefined) ||
    kernel.ipsec.supports(50, EncryptionId.AES_CBC, 128, IntegrityId.HMAC_SHA2_256_128);
  if (canEsp) return kernel;
  await kernel.ipsec[Symbol.asyncDispose]();
  await kernel.net[Symbol.asyncDispose]();
  throw new StartupError(
    ExitCode.NO_IPSEC,
    'this kernel cannot do ESP: load the modules esp4 and esp6 (and xfrm_user), or boot a kernel that has CONFIG_INET_ESP and CONFIG_XFRM_USER',
  );
}

function kernelStartupError(error: unknown): unknown {
  if (!(error instanceof KernelError)) return error;
  const denied = error.errnoName === 'EPERM' || error.errnoName === 'EACCES';
  const code = denied ? ExitCode.NOT_PERMITTED : ExitCode.NO_IPSEC;
  return new StartupError(code, error.message, { cause: error });
}

const DENIED: readonly unknown[] = ['EACCES', 'EPERM'];

function portError(error: unknown): unknown {
  if (!(error instanceof IkedError) || error instanceof StartupError) return error;
  const denied = 'errnoName' in error && DENIED.includes(error.errnoName);
  return new StartupError(denied ? ExitCode.NOT_PERMITTED : ExitCode.PORT_IN_USE, error.message, {
    cause: error,
  });
}

/** The VICI sockets that the service manager opened, by the paths that they stand for. */
function inheritedSockets(
  environment: ListenEnvironment,
  options: DaemonOptions,
): ReadonlyMap<string, number> {
  const names = [
    [VICI_NAME, options['plugins.vici.socket']],
    [READ_ONLY_NAME, options['plugins.vici.read_only_socket']],
  ] as const;
  return new Map(
    names.flatMap(([name, uri]): [string, number][] => {
      const fd = inheritedSocket(environment, name);
      return fd === undefined || uri === undefined ? [] : [[uri.replace(/^unix:\/\//, ''), fd]];
    }),
  );
}
