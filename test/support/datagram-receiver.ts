import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

/** Receives UNIX datagrams, which Node cannot: binds a path and prints each as a line of hex. */
const PROGRAM = `
use Socket;
$| = 1;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die $!;
bind($s, sockaddr_un($ARGV[0])) or die $!;
print "ready\\n";
sleep 3600 if $ARGV[1];
while (defined(recv($s, my $d, 1 << 20, 0))) { print unpack("H*", $d), "\\n"; }
`;

/** Somebody who listens at a path as syslog and the journal do; `stalled` never reads. */
export class DatagramReceiver implements AsyncDisposable {
  readonly #path: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #output = '';

  constructor(path: string, stalled = false) {
    this.#path = path;
    this.#child = spawn('perl', ['-e', PROGRAM, path, stalled ? '1' : ''], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child.stdout?.on('data', (octets) => {
      this.#output += String(octets);
    });
    this.#ended = new Promise((resolve) => this.#child.on('close', () => resolve()));
  }

  /** Whether it listens. */
  get ready(): boolean {
    return this.#output.startsWith('ready\n');
  }

  /** What came so far. */
  get entries(): readonly string[] {
    return this.#output
      .split('\n')
      .slice(1, -1)
      .map((hex) => Buffer.from(hex, 'hex').toString('utf8'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    rmSync(this.#path, { force: true });
  }
}
