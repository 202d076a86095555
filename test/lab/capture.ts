import type { Daemon, Host } from './host.ts';
import { runOk } from './run.ts';
import { waitFor } from './wait.ts';

/** A packet capture on all devices of a host, into a file inside the host. */
export class Capture {
  readonly #host: Host;
  readonly #file: string;
  readonly #tcpdump: Daemon;

  private constructor(host: Host, file: string, tcpdump: Daemon) {
    this.#host = host;
    this.#file = file;
    this.#tcpdump = tcpdump;
  }

  /** Starts capturing; resolves once packets are seen. */
  static async start(host: Host, device: string): Promise<Capture> {
    const file = `/run/capture-${device}.pcap`;
    host.write(file, '');
    const argv = [
      'tcpdump',
      '-i',
      device,
      '-n',
      '-U',
      '--immediate-mode',
      '-Z',
      'root',
      '-w',
      file,
    ];
    const tcpdump = host.spawn(argv, '/run/tcpdump.log');
    // the file header is written once the device is open
    await waitFor('tcpdump', () => (host.read(file) ?? '').length > 0);
    return new Capture(host, file, tcpdump);
  }

  /** Ends the capture. */
  async stop(): Promise<void> {
    this.#tcpdump.kill('SIGTERM');
    await this.#tcpdump.ended;
  }

  /** The captured packets that match a tcpdump expression, one line each. */
  async packets(expression: string): Promise<readonly string[]> {
    const output = await this.#host.ok(['tcpdump', '-n', '-r', this.#file, expression]);
    return output.split('\n').filter((line) => line !== '');
  }

  /** What Wireshark makes of it, on a host whose root has it: `tshark` with these options besides. */
  dissected(...options: readonly string[]): Promise<string> {
    return this.#host.ok(['env', 'HOME=/root', 'tshark', '-n', '-r', this.#file, ...options]);
  }

  /** Copies the capture out of the host, for somebody to look at. */
  async save(target: string): Promise<void> {
    await runOk(['cp', this.#host.path(this.#file), target]);
  }
}
