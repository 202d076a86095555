import { describe, expect, test } from 'vitest';
import { Starter, type StarterSystem } from '../../../../daemon/cli/ipsec/starter.ts';
import { MemoryTerminal } from '../../../support/memory-terminal.ts';
import { OperatorMemoryFiles } from '../../../support/operator-memory-files.ts';
import { recordingVici, treeObject } from '../../../support/recording-vici.ts';

type Signal = 'SIGHUP' | 'SIGUSR1' | 'SIGTERM';

const conn = (name: string): string =>
  `conn ${name}\n  left=10.0.0.1\n  authby=psk\n  leftid=@${name}\n  auto=add\n`;

/** A starter in a system of its own: `conf` is ipsec.conf, and each signal is sent when what the one before caused is done. */
class Scene {
  readonly done: string[] = [];
  readonly terminal = new MemoryTerminal();
  readonly texts: Record<string, string> = { '/etc/ipsec.conf': conn('a') };
  readonly deaths: (() => void)[] = [];
  /** Ends a daemon that is told to. */
  obedient = true;
  /** Whether there is a daemon to connect to. */
  answers = true;
  background = false;
  #conns: string[] = [];

  async run(...script: readonly (Signal | (() => void))[]): Promise<number> {
    const scene = this;
    const system: StarterSystem = {
      pid: 1,
      startDaemon: (args) => this.#startDaemon(args),
      writePid: (file, pid) => void this.done.push(`${file}=${pid}`),
      removePid: (file) => void this.done.push(`rm ${file}`),
      sleep: (milliseconds) => {
        if (milliseconds >= 5000) this.done.push(`sleep ${milliseconds}`);
        return new Promise((resolve) => setImmediate(resolve));
      },
      connect: () => this.#connect(),
      async *signals(every) {
        if (every !== undefined) scene.done.push(`every ${every}`);
        for (const step of script) {
          if (typeof step === 'string') yield step;
          else step();
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        yield 'SIGTERM';
      },
    };
    const places = {
      conf: '/etc/ipsec.conf',
      secrets: '/etc/ipsec.secrets',
      host: { folder: '/etc/ipsec.d', isOwnAddress: () => false },
    };
    const pids = { starter: 'starter.pid', daemon: 'charon.pid' };
    const options = {
      nofork: true,
      conftest: false,
      daemonArguments: [],
      autoUpdate: 60,
      background: this.background,
    };
    const files = new OperatorMemoryFiles(this.texts);
    return new Starter(system, files, this.terminal, places, pids, options).run();
  }

  #startDaemon(args: readonly string[]) {
    this.done.push(['charon', ...args].join(' '));
    this.#conns = [];
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.deaths.push(end);
    return {
      pid: 100 + this.deaths.length,
      ended,
      signal: (name: string) => {
        this.done.push(name);
        if (this.obedient || name === 'SIGKILL') end();
      },
    };
  }

  async #connect() {
    if (!this.answers) return { unreachable: 'nobody is there' };
    const { vici } = await recordingVici(({ command, input }) => {
      const names = Object.keys(treeObject(input));
      if (command === 'load-conn') this.#conns = [...new Set([...this.#conns, ...names])];
      if (command === 'unload-conn') {
        const { name } = treeObject(input);
        this.#conns = this.#conns.filter((one) => one !== name);
      }
      if (/load-conn/.test(command)) this.done.push(`has ${this.#conns.join(' ')}`.trim());
      if (command !== 'get-conns') return undefined;
      const items = this.#conns.map((one) => new TextEncoder().encode(one));
      return { answer: [{ kind: 'list', name: 'conns', items }] };
    });
    return {
      vici,
      terminal: this.terminal,
      files: new OperatorMemoryFiles(this.texts),
      decoders: () => Promise.reject(new Error('none')),
      environment: new Map<string, string>(),
      version: '0',
      now: () => 0,
    };
  }
}

const STARTED = ['charon', 'charon.pid=101', 'has a', 'starter.pid=1', 'every 60'];
const ENDED = ['SIGTERM', 'sleep 10000', 'rm charon.pid', 'rm starter.pid'];

describe('the starter', () => {
  test('starts the daemon, loads ipsec.conf, then says that it runs; SIGTERM ends both', async () => {
    const scene = new Scene();
    expect(await scene.run()).toBe(0);
    expect(scene.done).toEqual([...STARTED, ...ENDED]);
  });

  test('SIGHUP changes what changed, SIGUSR1 loads all anew', async () => {
    const scene = new Scene();
    const change = (): void => {
      scene.texts['/etc/ipsec.conf'] = `${conn('a')}${conn('b')}`;
    };
    await scene.run(change, 'SIGHUP', 'SIGUSR1');
    expect(scene.done.slice(STARTED.length, -ENDED.length)).toEqual([
      'has a',
      'has a b',
      'has b',
      'has',
      'has a',
      'has a b',
    ]);
  });

  test.each(['SIGHUP', 'SIGUSR1'] as const)(
    'a broken file changes nothing at %s',
    async (signal) => {
      const scene = new Scene();
      const spoil = (): void => {
        scene.texts['/etc/ipsec.conf'] = 'conn a\n  nonsense=1\n';
      };
      await scene.run(spoil, signal);
      expect(scene.done).toEqual([...STARTED, ...ENDED]);
      expect(scene.terminal.stderr).toContain("/etc/ipsec.conf:2:3: unknown keyword 'nonsense'");
      expect(scene.terminal.stderr).toContain('configuration not loaded');
    },
  );

  test('a daemon that dies comes back after a pause, with its connections', async () => {
    const scene = new Scene();
    await scene.run(() => scene.deaths[0]?.());
    expect(scene.done).toEqual([
      ...STARTED,
      'sleep 5000',
      'charon',
      'charon.pid=102',
      'has a',
      ...ENDED,
    ]);
    expect(scene.terminal.stderr).toContain('charon has died -- restart scheduled (5sec)');
  });

  test('a daemon that does not end is ended', async () => {
    const scene = new Scene();
    scene.obedient = false;
    expect(await scene.run()).toBe(0);
    expect(scene.done.slice(STARTED.length)).toEqual([
      'SIGTERM',
      'sleep 10000',
      'SIGKILL',
      'rm charon.pid',
      'rm starter.pid',
    ]);
  });

  test('a daemon that ends while it starts is a failure, and no pid files stay', async () => {
    const scene = new Scene();
    scene.answers = false;
    setImmediate(() => scene.deaths[0]?.());
    expect(await scene.run()).toBe(1);
    expect(scene.done.slice(0, 2)).toEqual(['charon', 'charon.pid=101']);
    expect(scene.done.slice(-2)).toEqual(['rm charon.pid', 'rm starter.pid']);
    expect(scene.terminal.stderr).toContain('charon did not start');
  });

  test('in the background the daemon logs to syslog', async () => {
    const scene = new Scene();
    scene.background = true;
    await scene.run();
    expect(scene.done[0]).toBe('charon --use-syslog');
  });

  test('charondebug of ipsec.conf is what the daemon starts with', async () => {
    const scene = new Scene();
    scene.texts['/etc/ipsec.conf'] = `config setup\n  charondebug="ike 2, net -1"\n${conn('a')}`;
    await scene.run();
    expect(scene.done[0]).toBe('charon --debug-ike 2 --debug-net -1');
  });
});
