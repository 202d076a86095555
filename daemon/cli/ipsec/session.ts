import { findText, type Tree, value } from '../../config/tree.ts';
import type { Terminal } from '../../contracts/terminal.ts';
import type { ViciChannel } from '../../vici/channel.ts';

/** A connection to the daemon, and where to print. */
export class IpsecSession {
  readonly vici: ViciChannel;
  readonly terminal: Terminal;
  /** Milliseconds to wait for an SA to come up or go down, 0 for as long as it takes. */
  readonly timeout: number;

  constructor(vici: ViciChannel, terminal: Terminal, timeout = 0) {
    this.vici = vici;
    this.terminal = terminal;
    this.timeout = timeout;
  }

  line(text: string): void {
    this.terminal.out(`${text}\n`);
  }

  call(command: string, input: Tree = []): Promise<Tree> {
    return this.vici.call(command, input);
  }

  /** The events of a command, when it has answered. */
  async collect(command: string, event: string, input: Tree = []): Promise<readonly Tree[]> {
    const events: Tree[] = [];
    const stop = await this.vici.listen(event, (data) => events.push(data));
    try {
      await this.vici.call(command, input);
    } finally {
      await stop();
    }
    return events;
  }

  /** Runs a command and prints its log, without the groups, as it comes, for as long as it may take. */
  async logged(command: string, selector: Tree): Promise<Tree> {
    const input =
      this.timeout === 0 ? selector : [...selector, value('timeout', String(this.timeout))];
    const stop = await this.vici.listen('control-log', (data) => {
      this.line(findText(data, 'msg') ?? '');
    });
    try {
      return await this.vici.call(command, input);
    } finally {
      await stop();
    }
  }
}

/** Whether an answer says that it worked. */
export function succeeded(answer: Tree): boolean {
  return findText(answer, 'success') === 'yes';
}
