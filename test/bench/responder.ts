import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NodeStreams } from '../../daemon/runtime/node-stream.ts';
import type { ViciInput } from '../../daemon/vici/plain-input.ts';
import { type ConfTree, confText, merged } from '../lab/conf-text.ts';
import { REPOSITORY, rootPath } from '../lab/paths.ts';
import { ViciClient } from '../support/vici-client.ts';
import { type Credentials, GATEWAY } from './credentials.ts';
import { BENCH_CACHE, built, RESPONDER_CORE, run } from './isolate.ts';

/** The daemons compared. */
export type Product = 'ours' | 'charon';
export const PRODUCTS: readonly Product[] = ['ours', 'charon'];

/** Log lines at the default level to a file, or none at all; alike for both. */
export type Logging = 'file' | 'silent';

export interface ResponderSetup {
  readonly logging: Logging;
  /** Laid over the `charon` section of strongswan.conf. */
  readonly charon?: ConfTree;
  /** The program of ours to run instead of the sources. */
  readonly program?: string;
  /** Arguments of Node, for profiles. */
  readonly nodeArguments?: readonly string[];
  /** More environment for ours. */
  readonly environment?: Readonly<Record<string, string>>;
}

const START_LIMIT = 20_000;
/** On its core, and killed when this process ends in whatever way. */
const PINNED = ['--pdeathsig', 'KILL', 'taskset', '-c', String(RESPONDER_CORE)];

/** A daemon under test: a process pinned to its core, steered through VICI. */
export class Responder implements AsyncDisposable {
  readonly product: Product;
  readonly pid: number;
  /** Milliseconds from `exec` to the first answer. */
  readonly startMillis: number;
  readonly vici: ViciClient;
  /** Path of its VICI socket. */
  readonly socket: string;
  readonly #process: ChildProcess;

  private constructor(
    product: Product,
    child: ChildProcess,
    vici: ViciClient,
    socket: string,
    startMillis: number,
  ) {
    this.product = product;
    this.pid = child.pid ?? 0;
    this.startMillis = startMillis;
    this.vici = vici;
    this.socket = socket;
    this.#process = child;
  }

  /** Starts a daemon; resolves when it answered `version`. */
  static async start(product: Product, setup: ResponderSetup): Promise<Responder> {
    const plan = product === 'ours' ? planOurs(setup) : planCharon(setup);
    rmSync(plan.socket, { force: true });
    const began = performance.now();
    const child = spawn('setpriv', [...PINNED, ...plan.argv], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { PATH: process.env['PATH'], ...plan.environment },
    });
    const vici = await firstAnswer(plan.socket, child, began);
    return new Responder(product, child, vici, plan.socket, performance.now() - began);
  }

  /** One connection that takes whoever has these credentials, and its own half of them. */
  async configure(proposals: readonly string[], credentials: Credentials): Promise<void> {
    const auth = credentials.kind === 'psk' ? 'psk' : 'pubkey';
    const connection: ViciInput = {
      version: '2',
      proposals,
      mobike: 'no',
      // Clients with certificates share one identity.
      ...(auth === 'pubkey' ? { unique: 'never' } : {}),
      local: { auth, id: GATEWAY },
      remote: { auth },
      children: {
        net: {
          mode: 'tunnel',
          esp_proposals: ['aes128gcm16'],
          local_ts: ['10.128.0.0/16'],
          remote_ts: ['10.0.0.0/9'],
        },
      },
    };
    if (credentials.kind === 'psk') {
      const { secret } = credentials;
      await this.vici.loadShared({ id: 'psk', type: 'IKE', data: secret, owners: ['%any'] });
    } else {
      const { root, intermediate, gateway } = credentials;
      for (const [flag, { certificate }] of [
        ['CA', root],
        ['CA', intermediate],
        ['NONE', gateway],
      ] as const) {
        await this.vici.request('load-cert', { type: 'X509', flag, data: certificate });
      }
      await this.vici.request('load-key', { type: 'any', data: gateway.privateKey });
    }
    await this.vici.loadConn({ gw: connection });
  }

  /** IKE_SAs that it has. */
  async size(): Promise<number> {
    const sas = (await this.vici.stats()).get('ikesas');
    return sas instanceof Map ? Number(sas.get('total')) : Number.NaN;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vici[Symbol.asyncDispose]();
    // With a profile to write it must end by itself; otherwise thousands of DELETEs are not worth waiting for.
    this.#process.kill(process.env['BENCH_GRACEFUL'] === undefined ? 'SIGKILL' : 'SIGTERM');
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      await new Promise((resolve) => this.#process.once('exit', resolve));
    }
  }
}

interface Launch {
  readonly argv: readonly string[];
  readonly socket: string;
  readonly environment: Readonly<Record<string, string>>;
}

function planOurs(setup: ResponderSetup): Launch {
  const { logging, charon = {}, nodeArguments = [] } = setup;
  const program = setup.program ?? join(REPOSITORY, 'daemon/main.ts');
  const socket = join(BENCH_CACHE, 'ours.vici');
  const conf = join(BENCH_CACHE, 'ours.conf');
  const base = {
    filelog: { bench: filelog(join(BENCH_CACHE, 'ours-log.txt'), logging) },
    plugins: { vici: { socket: `unix://${socket}` }, 'kernel-null': { load: 'yes' } },
  };
  writeFileSync(conf, confText({ charon: merged(merged(COMMON, base), charon) }));
  const node = join(REPOSITORY, 'node_modules/.bin/node');
  return {
    argv: [node, ...nodeArguments, program],
    socket,
    environment: { STRONGSWAN_CONF: conf, ...setup.environment },
  };
}

let mounted = false;

function planCharon({ logging, charon = {} }: ResponderSetup): Launch {
  const root = rootPath('strongswan');
  if (!mounted) run('mount', ['-t', 'tmpfs', 'bench', join(root, 'run')]);
  mounted = true;
  mkdirSync(join(root, 'run'), { recursive: true });
  const library = built('null-xfrm.c', 'null-xfrm.so', ['-shared', '-fPIC', '-ldl']);
  copyFileSync(library, join(root, 'run/null-xfrm.so'));
  const base = {
    load: CHARON_PLUGINS,
    filelog: { bench: filelog('/run/charon-log.txt', logging) },
  };
  writeFileSync(
    join(root, 'run/strongswan.conf'),
    confText({
      charon: merged(merged(COMMON, base), charon),
      'charon-systemd': { journal: { default: -1 } },
    }),
  );
  return {
    argv: ['chroot', root, 'env', 'LD_PRELOAD=/run/null-xfrm.so', '/usr/sbin/charon-systemd'],
    socket: join(root, 'run/charon.vici'),
    environment: { STRONGSWAN_CONF: '/run/strongswan.conf' },
  };
}

/** What charon needs here and no more; Debian's full set listens to every packet of the host besides. */
const CHARON_PLUGINS =
  'openssl random nonce kdf pem pkcs1 x509 pubkey kernel-netlink socket-default vici';

/** What both daemons are told alike. */
const COMMON: ConfTree = {
  install_routes: 'no',
  install_virtual_ip: 'no',
  // The default of one list for all IKE_SAs is not what anybody runs thousands of them with; ours does not know these.
  ikesa_table_size: 16384,
  ikesa_table_segments: 16,
};

function filelog(path: string, logging: Logging): ConfTree {
  return { path, default: logging === 'file' ? 1 : -1, append: 'no' };
}

async function firstAnswer(
  socket: string,
  child: ChildProcess,
  began: number,
): Promise<ViciClient> {
  while (performance.now() - began < START_LIMIT) {
    if (child.exitCode !== null) throw new Error(`the daemon ended with code ${child.exitCode}`);
    try {
      const vici = await ViciClient.connect(new NodeStreams(), socket);
      await vici.version();
      return vici;
    } catch {
      await sleep(1);
    }
  }
  child.kill('SIGKILL');
  throw new Error(`no answer at ${socket} after ${START_LIMIT / 1000} s`);
}
