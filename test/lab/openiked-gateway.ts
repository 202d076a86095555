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
import type { Finished } from './run.ts';
import { waitFor } from './wait.ts';

const LOG = '/var/log/iked.log';
/** Milliseconds for iked to establish: it repeats a lost request after 2, 4, 8 and 16 s, and a lossy path loses several. */
const ESTABLISH_TIME = 45_000;
const CONF = '/etc/iked.conf';
const CIPHERS: Readonly<Record<Cipher, string>> = {
  aes128gcm16: 'enc aes-128-gcm',
  aes256gcm16: 'enc aes-256-gcm',
  'aes128-sha256': 'auth hmac-sha2-256 enc aes-128',
  'aes256-sha256': 'auth hmac-sha2-256 enc aes-256',
  'aes128-sha512': 'auth hmac-sha2-512 enc aes-128',
};
const GROUPS: Readonly<Record<KeyExchangeName, string>> = {
  x25519: 'curve25519',
  modp2048: 'modp2048',
  ecp256: 'ecp256',
};

/** A gateway with OpenIKED's iked, steered by `ikectl`. */
export class OpenIkedGateway implements Gateway {
  readonly product = 'OpenIKED';
  readonly revives = true;
  readonly host: Host;
  #daemon: Daemon | undefined;
  #conf: ((activity: 'active' | 'passive') => string) | undefined;
  #peerId = '';

  constructor(host: Host) {
    this.host = host;
  }

  async start(plan: Plan, side: Side): Promise<void> {
    await this.host.sh(`rm -f ${LOG} /run/iked.sock`);
    this.#conf = (activity) => ikedConf(plan, side, activity);
    this.#peerId = plan.identity[otherSide(side)];
    this.host.write(CONF, this.#conf('passive'));
    this.#daemon = this.host.spawn(['/usr/sbin/iked', '-d', '-v', '-v'], LOG);
    const ready = async (): Promise<boolean> => (await this.#ikectl('show', 'sa')).code === 0;
    await waitFor(`iked to answer\n${this.log()}`, ready, 20_000);
  }

  /** Makes the policy an active one, which is how iked is told to initiate. */
  async initiate(): Promise<Finished> {
    this.host.write(CONF, this.#conf?.('active') ?? '');
    const done = await this.#ikectl('reload');
    if (done.code === 0) {
      await waitFor(
        'iked to establish',
        async () => (await this.establishedCount()) > 0,
        ESTABLISH_TIME,
      );
    }
    return done;
  }

  terminate(): Promise<Finished> {
    return this.#ikectl('reset', 'id', `FQDN/${this.#peerId}`);
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  log(): string {
    return this.host.read(LOG) ?? '';
  }

  async establishedCount(): Promise<number> {
    const { stdout } = await this.#ikectl('show', 'sa');
    return stdout.split('\n').filter((line) => /^iked_sas:.* ESTABLISHED /.test(line)).length;
  }

  #ikectl(...args: readonly string[]): Promise<Finished> {
    return this.host.exec(['ikectl', ...args]);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#daemon === undefined) return;
    this.host.signalAll(signal);
    await this.#daemon.ended;
    this.#daemon = undefined;
    await waitFor('iked to end', () => this.host.pids().length === 1);
  }
}

function ikedConf(plan: Plan, side: Side, activity: 'active' | 'passive'): string {
  const peer = otherSide(side);
  const local = ADDRESSES[side][plan.family];
  const remote = visibleAddress(peer, plan);
  const [from, to] =
    plan.mode === 'tunnel'
      ? [local.net, ADDRESSES[peer][plan.family].net]
      : [local.gateway, ADDRESSES[peer][plan.family].gateway];
  const traffic = plan.extra[side].openikedTraffic ?? `from ${from} to ${to}`;
  const prf = plan.cipher.endsWith('sha512') ? 'hmac-sha2-512' : 'hmac-sha2-256';
  const groups = plan.keyExchange[side].map((method) => `group ${GROUPS[method]}`).join(' ');
  return `set fragmentation
set dpd_check_interval ${plan.dpdDelay}
set nomobike
ikev2 "gw" ${activity} ${plan.mode} esp ${traffic} local ${local.gateway} peer ${remote} \\
  ikesa ${CIPHERS[plan.cipher]} prf ${prf} ${groups} \\
  childsa ${CIPHERS[plan.esp]} noesn \\
  srcid ${plan.identity[side]} dstid ${plan.identity[peer]} ${plan.extra[side].openiked ?? `psk "${plan.secret}"`}
`;
}
