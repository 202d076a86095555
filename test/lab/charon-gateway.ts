import { type ConfTree, confText, merged } from './conf-text.ts';
import type { Gateway } from './gateway.ts';
import type { Daemon, Host } from './host.ts';
import { ADDRESSES, otherSide, type Plan, type Side, visibleAddress } from './plan.ts';
import type { Finished } from './run.ts';
import { waitFor } from './wait.ts';

const SOCKET = '/run/charon.vici';
const LOG = '/var/log/charon.log';

/** How a daemon that reads strongswan.conf and serves VICI is started. */
export interface CharonProgram {
  readonly product: string;
  readonly argv: readonly string[];
  /** What its strongswan.conf must say besides what the plan asks for. */
  readonly conf: ConfTree;
}

/** A gateway configured by strongswan.conf and swanctl.conf and steered by the stock swanctl. */
export class CharonGateway implements Gateway {
  readonly host: Host;
  readonly product: string;
  readonly revives = false;
  readonly #program: CharonProgram;
  #daemon: Daemon | undefined;

  constructor(host: Host, program: CharonProgram) {
    this.host = host;
    this.product = program.product;
    this.#program = program;
  }

  async start(plan: Plan, side: Side): Promise<void> {
    this.host.write('/etc/swanctl/swanctl.conf', confText(swanctlConf(plan, side)));
    await this.startDaemon(confText(merged(this.#program.conf, strongswanConf(plan, side))));
    await this.swanctlOk('--load-all', '--noprompt');
  }

  /** Starts the daemon alone with the given strongswan.conf; resolves once its socket is there. */
  async startDaemon(conf: string): Promise<void> {
    await this.host.sh(`rm -f ${SOCKET} ${LOG}`);
    this.host.write('/etc/strongswan.conf', conf);
    const daemon = this.host.spawn(this.#program.argv, LOG);
    this.#daemon = daemon;
    let code: number | null | undefined;
    void daemon.ended.then((ended) => {
      code = ended;
    });
    const ready = async (): Promise<boolean> => {
      if (code !== undefined)
        throw new Error(`${this.product} ended with code ${code}:\n${this.log()}`);
      return this.host.exists(SOCKET) && (await this.swanctl('--stats')).code === 0;
    };
    await waitFor(`${this.product} to answer\n${this.log()}`, ready, 20_000);
  }

  /** Runs the stock swanctl. */
  swanctl(...args: readonly string[]): Promise<Finished> {
    return this.host.exec(['swanctl', ...args]);
  }

  /** Runs the stock swanctl, which must succeed; resolves with its output. */
  swanctlOk(...args: readonly string[]): Promise<string> {
    return this.host.ok(['swanctl', ...args]);
  }

  initiate(): Promise<Finished> {
    return this.swanctl('--initiate', '--child', 'net', '--timeout', '55');
  }

  terminate(): Promise<Finished> {
    return this.swanctl('--terminate', '--ike', 'gw', '--timeout', '30');
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Pid of the running daemon. */
  get pid(): number {
    if (this.#daemon === undefined) throw new Error(`${this.product} is not running`);
    return this.#daemon.pid;
  }

  log(): string {
    return this.host.read(LOG) ?? '';
  }

  async establishedCount(): Promise<number> {
    const sas = await this.swanctlOk('--list-sas');
    return sas.split('\n').filter((line) => /^gw: .*ESTABLISHED/.test(line)).length;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    if (daemon === undefined) return;
    daemon.kill(signal);
    const timer = setTimeout(() => daemon.kill('SIGKILL'), 10_000);
    await daemon.ended;
    clearTimeout(timer);
  }
}

/** The swanctl.conf of one side of a plan. */
export function swanctlConf(plan: Plan, side: Side): ConfTree {
  const peer = otherSide(side);
  const tunnel = plan.mode === 'tunnel';
  return {
    connections: {
      gw: merged(
        {
          version: 2,
          local_addrs: ADDRESSES[side][plan.family].gateway,
          remote_addrs: remoteAddresses(plan, side),
          proposals: ikeProposals(plan, side),
          mobike: 'no',
          fragmentation: plan.smallFragments ? 'force' : 'yes',
          dpd_delay: plan.dpdDelay > 0 ? `${plan.dpdDelay}s` : undefined,
          local: { auth: 'psk', id: plan.identity[side] },
          remote: { auth: 'psk', id: plan.identity[peer] },
          children: {
            net: merged(
              {
                mode: plan.mode,
                esp_proposals: plan.esp,
                local_ts: tunnel ? ADDRESSES[side][plan.family].net : undefined,
                remote_ts: tunnel ? ADDRESSES[peer][plan.family].net : undefined,
                start_action: 'none',
              },
              plan.extra[side].child ?? {},
            ),
          },
        },
        plan.extra[side].connection ?? {},
      ),
    },
    pools: plan.extra[side].pools,
    authorities: plan.extra[side].authorities,
    secrets: {
      'ike-net': {
        'id-moon': plan.identity.moon,
        'id-sun': plan.identity.sun,
        secret: plan.secret,
      },
      ...plan.extra[side].secrets,
    },
  };
}

/** A side that asks for cookies also answers its router, which opens the IKE_SA that makes it ask. */
function remoteAddresses(plan: Plan, side: Side): string {
  const peer = visibleAddress(otherSide(side), plan);
  return plan.cookies[side] ? `${peer},${ADDRESSES[side][plan.family].router}` : peer;
}

function strongswanConf(plan: Plan, side: Side): ConfTree {
  return {
    charon: merged(
      {
        fragment_size: plan.smallFragments ? 300 : undefined,
        // one half-open IKE_SA is enough to ask for cookies
        cookie_threshold: plan.cookies[side] ? 1 : undefined,
        cookie_threshold_ip: plan.cookies[side] ? 1 : undefined,
      },
      plan.extra[side].charon ?? {},
    ),
  };
}

function ikeProposals(plan: Plan, side: Side): string {
  const aead = plan.cipher.includes('gcm');
  const methods = plan.keyExchange[side].join('-');
  return aead ? `${plan.cipher}-prfsha256-${methods}` : `${plan.cipher}-${methods}`;
}
