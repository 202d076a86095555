import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';

/** Another host: a network namespace held by a process of its own, at the other end of a veth pair. */
export class PeerNamespace implements AsyncDisposable {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  /**
   * Makes it, and between here and there the pair `v0` (here) and `v1` (there) with these addresses
   * (`192.0.2.1/24`).
   */
  static async linked(here: readonly string[], there: readonly string[]): Promise<PeerNamespace> {
    const holder = spawn('unshare', ['-n', 'sleep', '600'], { stdio: 'ignore' });
    const peer = new PeerNamespace(holder);
    try {
      await peer.#ready();
      ip(`link add v0 type veth peer name v1 netns ${holder.pid}`);
      for (const address of here) ip(`address add ${address} dev v0${nodad(address)}`);
      ip('link set v0 up');
      peer.ip('link set lo up');
      for (const address of there) peer.ip(`address add ${address} dev v1${nodad(address)}`);
      peer.ip('link set v1 up');
      return peer;
    } catch (error) {
      await peer[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs `ip` there, arguments separated by single spaces. */
  ip(command: string): string {
    return this.run(['ip', ...command.split(' ')]);
  }

  /** Runs a command there and returns what it prints; throws when it fails. */
  run(argv: readonly string[]): string {
    return execFileSync('nsenter', ['-t', `${this.#holder.pid}`, '-n', ...argv], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
  }

  /** Sends UDP datagrams of one octet from there, 100 ms apart. */
  sendUdp(to: string, port: number, count: number): void {
    const program = `const socket = require('node:dgram').createSocket('udp4');
      let left = ${count};
      const timer = setInterval(() => {
        if (left-- > 0) return socket.send('x', ${port}, '${to}', () => {});
        clearInterval(timer);
        socket.close();
      }, 100);`;
    this.run([process.execPath, '-e', program]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = new Promise((resolve) => this.#holder.once('exit', resolve));
    this.#holder.kill('SIGKILL');
    await gone;
  }

  // `unshare` becomes `sleep` only after it has left our namespace.
  async #ready(): Promise<void> {
    const ours = readlinkSync('/proc/thread-self/ns/net');
    for (let i = 0; i < 200; i++) {
      if (readlinkSync(`/proc/${this.#holder.pid}/ns/net`) !== ours) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error('the other namespace was not made in time');
  }
}

function ip(command: string): string {
  return execFileSync('ip', command.split(' '), { encoding: 'utf8', stdio: 'pipe' });
}

// Only IPv6 knows duplicate address detection, and would delay the test.
function nodad(address: string): string {
  return address.includes(':') ? ' nodad' : '';
}
