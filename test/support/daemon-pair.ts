import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { NodeStreams } from '../../daemon/runtime/node-stream.ts';
import type { ViciInput } from '../../daemon/vici/plain-input.ts';
import { DaemonProcess } from './daemon-process.ts';
import { ViciClient } from './vici-client.ts';

/** How a daemon of a pair differs. */
export interface MemberSetup {
  /** Goes before the command of the daemon, as `['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh']`. */
  readonly wrapper?: readonly string[];
  /** Lines of the section `charon`. */
  readonly charon?: string;
  /** Keys of the connection, and of its child. */
  readonly connection?: Readonly<Record<string, string>>;
  readonly child?: Readonly<Record<string, string>>;
}

interface Place {
  readonly address: string;
  readonly ports: readonly [ike: number, natt: number];
}

/** A real daemon on the loopback without a kernel for IPsec, that knows one other by connection `gw`, child `net`. */
export class PairMember implements AsyncDisposable {
  readonly process: DaemonProcess;
  readonly vici: ViciClient;
  /** The connection as it was loaded, to make others of. */
  readonly section: ViciInput;

  private constructor(process: DaemonProcess, vici: ViciClient, section: ViciInput) {
    this.process = process;
    this.vici = vici;
    this.section = section;
  }

  static async start(
    own: Place,
    peer: Place,
    { wrapper = [], charon = '', connection = {}, child = {} }: MemberSetup,
  ): Promise<PairMember> {
    const [port, natt] = own.ports;
    const [, peerPort] = peer.ports;
    const conf = `charon {
      port = ${port}
      port_nat_t = ${natt}
      ${charon}
      plugins {
        vici { socket = unix://@/charon.vici }
        kernel-null { load = yes }
      }
    }`;
    const process = new DaemonProcess(conf, { wrapper });
    await process.says('serving VICI at');
    const vici = await ViciClient.connect(new NodeStreams(), process.socket);
    await vici.loadShared({ type: 'ike', data: 'a secret that nobody guesses' });
    const section: ViciInput = {
      version: '2',
      mobike: 'no',
      local_addrs: [own.address],
      remote_addrs: [peer.address],
      // What is said from other ports than 500 has the marker, which only this port takes.
      local_port: String(natt),
      remote_port: String(peerPort),
      local: { auth: 'psk', id: own.address },
      remote: { auth: 'psk', id: peer.address },
      children: { net: { local_ts: ['10.1.0.0/16'], remote_ts: ['10.1.0.0/16'], ...child } },
      ...connection,
    };
    await vici.loadConn({ gw: section });
    return new PairMember(process, vici, section);
  }

  /** Unique numbers of the IKE_SAs that are established. */
  async established(): Promise<readonly string[]> {
    const found: string[] = [];
    for await (const sa of this.vici.listSas()) {
      const [one] = sa.values();
      if (one instanceof Map && one.get('state') === 'ESTABLISHED') {
        found.push(String(one.get('uniqueid')));
      }
    }
    return found;
  }

  /** Sets the tunnel up; rejects with the reason if that fails. */
  async initiate(): Promise<void> {
    for await (const _line of this.vici.initiate({ child: 'net', timeout: 20_000 }));
  }

  /** Takes the tunnel down with its IKE_SA. */
  async terminate(): Promise<void> {
    for await (const _line of this.vici.terminate({ ike: 'gw', timeout: 20_000 }));
  }

  /** Lines of its log that have this in them. */
  count(text: string): number {
    return this.process.output.split('\n').filter((line) => line.includes(text)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vici[Symbol.asyncDispose]();
    await this.process[Symbol.asyncDispose]();
  }
}

/** Starts two of them. */
export async function daemonPair(
  first: MemberSetup,
  second: MemberSetup,
): Promise<readonly [PairMember, PairMember]> {
  const [a = 0, b = 0, c = 0, d = 0] = await freePorts(4);
  const here: Place = { address: '127.0.0.1', ports: [a, b] };
  const there: Place = { address: '127.0.0.2', ports: [c, d] };
  const one = await PairMember.start(here, there, first);
  try {
    return [one, await PairMember.start(there, here, second)];
  } catch (error) {
    await one[Symbol.asyncDispose]();
    throw error;
  }
}

async function freePorts(count: number): Promise<readonly number[]> {
  const sockets = Array.from({ length: count }, () => createSocket('udp4'));
  const ports: number[] = [];
  for (const socket of sockets) {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    ports.push(socket.address().port);
  }
  for (const socket of sockets) socket.close();
  return ports;
}
