import type { Gateway } from './gateway.ts';
import type { Daemon, Host } from './host.ts';
import {
  ADDRESSES,
  type Cipher,
  type KeyExchangeName,
  otherSide,
  type Plan,
  type Side,
  visibleAddress,
} from './plan.ts';
import { describe, type Finished } from './run.ts';
import { waitFor } from './wait.ts';

const LOG = '/var/log/pluto.log';
const CIPHERS: Readonly<Record<Cipher, string>> = {
  aes128gcm16: 'aes_gcm128',
  aes256gcm16: 'aes_gcm256',
  'aes128-sha256': 'aes128',
  'aes256-sha256': 'aes256',
  'aes128-sha512': 'aes128',
};
const GROUPS: Readonly<Record<KeyExchangeName, string>> = {
  x25519: 'dh31',
  modp2048: 'dh14',
  ecp256: 'dh19',
};

/** A gateway with libreswan's pluto, steered by its own `ipsec` command. */
export class LibreswanGateway implements Gateway {
  readonly product = 'libreswan';
  readonly revives = true;
  readonly host: Host;
  #daemon: Daemon | undefined;

  constructor(host: Host) {
    this.host = host;
  }

  async start(plan: Plan, side: Side): Promise<void> {
    await this.host.sh(`mkdir -p /run/pluto; rm -f ${LOG} /run/pluto/*`);
    this.host.write('/etc/ipsec.conf', ipsecConf(plan, side));
    const { moon, sun } = plan.identity;
    this.host.write(
      '/etc/ipsec.secrets',
      `@${moon} @${sun} : PSK "${plan.secret}"\n${plan.extra[side].libreswanSecrets ?? ''}`,
    );
    await this.host.exec(['ipsec', 'initnss']);
    const argv = [
      '/usr/libexec/ipsec/pluto',
      '--nofork',
      '--stderrlog',
      '--config',
      '/etc/ipsec.conf',
    ];
    this.#daemon = this.host.spawn(argv, LOG);
    const loaded = async (): Promise<boolean> => {
      const { stdout } = await this.host.exec(['ipsec', 'status']);
      return stdout.includes('"gw":   host: oriented');
    };
    await waitFor('libreswan to load its connection', loaded, 20_000);
  }

  initiate(): Promise<Finished> {
    return this.host.exec(['ipsec', 'up', 'gw']);
  }

  terminate(): Promise<Finished> {
    return this.host.exec(['ipsec', 'down', 'gw']);
  }

  async stop(): Promise<void> {
    if (this.#daemon === undefined) return;
    const done = await this.host.exec(['ipsec', 'whack', '--shutdown']);
    if (done.code !== 0) throw new Error(describe(['ipsec', 'whack', '--shutdown'], done));
    await this.#daemon.ended;
    this.#daemon = undefined;
  }

  async kill(): Promise<void> {
    this.host.signalAll('SIGKILL');
    await this.#daemon?.ended;
    this.#daemon = undefined;
  }

  log(): string {
    return (this.host.read(LOG) ?? '').replace(
      /^.*(addconn:|testing |Encrypting|Test Case|IKEv1:).*\n/gm,
      '',
    );
  }

  async establishedCount(): Promise<number> {
    const { stdout } = await this.host.exec(['ipsec', 'showstates']);
    return stdout.split('\n').filter((line) => line.includes('ESTABLISHED_IKE_SA')).length;
  }
}

function ipsecConf(plan: Plan, side: Side): string {
  const peer = otherSide(side);
  const tunnel = plan.mode === 'tunnel';
  const subnet = (key: string, of: Side): string => {
    const net = plan.extra[side].libreswan?.[key] ?? ADDRESSES[of][plan.family].net;
    return net === '' ? '' : `${key}=${net}`;
  };
  const ike = plan.keyExchange[side].map((method) => `${withHash(plan.cipher)}-${GROUPS[method]}`);
  const esp = plan.esp.includes('gcm') ? CIPHERS[plan.esp] : withHash(plan.esp);
  return `config setup
    ddos-mode=${plan.cookies[side] ? 'busy' : 'auto'}
conn gw
    keyexchange=ikev2
    ${authentication(plan, side)}
    left=${ADDRESSES[side][plan.family].gateway}
    leftid=${plan.extra[side].libreswan?.['leftid'] ?? `@${plan.identity[side]}`}
    ${tunnel ? subnet('leftsubnet', side) : ''}
    right=${plan.extra[side].libreswan?.['right'] ?? visibleAddress(peer, plan)}
    rightid=${plan.extra[side].libreswan?.['rightid'] ?? `@${plan.identity[peer]}`}
    ${tunnel ? subnet('rightsubnet', peer) : ''}
    ike=${ike.join(',')}
    ${plan.extra[side].libreswan?.['ah'] === undefined ? `esp=${esp}` : ''}
    type=${plan.mode}
    fragmentation=yes
    retransmit-interval=500ms
    retransmit-timeout=${plan.dpdDelay > 0 ? '4s' : '50s'}
    ${plan.dpdDelay > 0 ? `dpddelay=${plan.dpdDelay}s` : ''}
    ${extraLines(plan, side)}
    auto=add
`.replace(/^ +\n/gm, '');
}

/** The cipher with the hash that is the PRF, and for other than AES-GCM the integrity too. */
function withHash(cipher: Cipher): string {
  return `${CIPHERS[cipher]}-${cipher.endsWith('sha512') ? 'sha2_512' : 'sha2_256'}`;
}

/** Keys that take the place of what the plan gives. */
const PLACED: readonly string[] = [
  'authby',
  'leftid',
  'right',
  'rightid',
  'leftsubnet',
  'rightsubnet',
];

/** One method of both sides; none where `leftauth` and `rightauth` say it of each, which goes with no `authby`. */
function authentication(plan: Plan, side: Side): string {
  const { authby = 'secret', leftauth } = plan.extra[side].libreswan ?? {};
  return leftauth === undefined ? `authby=${authby}` : '';
}

function extraLines(plan: Plan, side: Side): string {
  return Object.entries(plan.extra[side].libreswan ?? {})
    .filter(([key]) => !PLACED.includes(key))
    .map(([key, value]) => `${key}=${value}`)
    .join('\n    ');
}
