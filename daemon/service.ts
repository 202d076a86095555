import { hostname, machine, release, type } from 'node:os';
import { ConfNode } from './config/conf-tree.ts';
import type { DaemonOptions } from './config/options.ts';
import { reloadedOptions } from './config/reloaded-options.ts';
import { resolveOptions } from './config/resolve-options.ts';
import { parseConfText, readConfFile } from './config/strongswan-conf.ts';
import type { LogGroup, LogLevel } from './contracts/logger.ts';
import { runScripts } from './control/operator-scripts.ts';
import { createDaemon } from './daemon.ts';
import { ExitCode, StartupError } from './exit-codes.ts';
import { loadPeerCredentials, loadPlugins } from './load-plugins.ts';
import type { ListenEnvironment } from './runtime/inherited-sockets.ts';
import { NodeClock } from './runtime/node-clock.ts';
import { NodeCrlFiles } from './runtime/node-crl-files.ts';
import { NodeFetcher } from './runtime/node-fetcher.ts';
import { NodeFiles } from './runtime/node-files.ts';
import { NodeProcesses } from './runtime/node-processes.ts';
import { NodeRandom } from './runtime/node-random.ts';
import { NodeResolver } from './runtime/node-resolver.ts';
import { NodeStreams, StreamError } from './runtime/node-stream.ts';
import { type NotifyEnvironment, NotifySocket } from './runtime/notify-socket.ts';
import { openCrypto } from './service-crypto.ts';
import { openKernel, openTransport } from './service-kernel.ts';
import { openKeyLog } from './service-key-log.ts';
import { openPrivateKeys } from './service-keys.ts';
import { openServiceLogs } from './service-logs.ts';
import { inheritedSockets, notifySender } from './service-manager.ts';
import { monitoringSource, serveMonitoring } from './service-monitoring.ts';
import { filesBeside, openJournal, openSessions, readCrashSecret } from './service-state.ts';
import { asStartupError, kernelStartupError } from './startup-errors.ts';
import { ConfigError, errorText } from './util/error.ts';
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
  const world = { log: hub, clock };
  const kernel = await openKernel(plugins, options, world);
  opened.use(kernel.ipsec);
  opened.use(kernel.net);
  const transport = opened.use(await openTransport(plugins, options, world));
  const socketPath = options['plugins.vici.socket'].replace(/^unix:\/\//, '');
  const runPath = filesBeside(socketPath, start.environment.RUNTIME_DIRECTORY);
  const journal = opened.use(openJournal(options, runPath, onError));
  const sessions = openSessions(options, runPath, hub);
  if (sessions !== undefined) opened.use(sessions);
  const keyLog = openKeyLog(plugins, options, world);
  const monitoring =
    plugins.monitoring &&
    opened.use(
      plugins.monitoring(
        { address: options['plugins.metrics.address'], port: options['plugins.metrics.port'] },
        world,
      ),
    );
  const processes = new NodeProcesses();
  const resolver = new NodeResolver();
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
          world,
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
    resolve: (name) => resolver.resolve(name),
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

// Like charon, no configuration file is a configuration; one that was named must be there.
function readTree(path: string, explicit: boolean, files: NodeFiles): ConfNode {
  if (!explicit && !files.exists(path)) return ConfNode.of(parseConfText('', path, files));
  return readConfFile(path, files);
}
