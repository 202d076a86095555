/** What `ipsec start` is told. */
export interface StarterOptions {
  readonly nofork: boolean;
  readonly conftest: boolean;
  readonly conf?: string;
  /** Seconds between looks at ipsec.conf. */
  readonly autoUpdate?: number;
  /** Nobody reads what the daemon writes to its console. */
  readonly background: boolean;
  /** What the daemon is started with. */
  readonly daemonArguments: readonly string[];
}

/** How a process in the background is told that it is one. */
export const BACKGROUND = '--background';

/** Words that older start scripts pass and that mean nothing here. */
const IGNORED = ['--nolog', '--attach-gdb', '--debug'];
const GROUPS = ['dmn', 'mgr', 'ike', 'chd', 'job', 'cfg', 'knl', 'net', 'asn', 'enc', 'lib'];

const START_USAGE = `Usage: ipsec start [--nofork] [--auto-update <sec>]
                   [--debug|--debug-more|--debug-all|--nolog]
                   [--conf <path to ipsec.conf>] [--conftest]`;

/** Reads the options of `ipsec start`; a text says what is wrong with them. */
export function parseStarterOptions(words: readonly string[]): StarterOptions | string {
  let nofork = false;
  let conftest = false;
  let background = false;
  let conf: string | undefined;
  let autoUpdate: number | undefined;
  let level: number | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === '--nofork') nofork = true;
    else if (word === '--conftest') conftest = true;
    else if (word === BACKGROUND) background = true;
    else if (word === '--debug-more') level = 2;
    else if (word === '--debug-all') level = 3;
    else if (word === '--conf' || word === '--auto-update' || word === '--daemon') {
      const argument = words[++i];
      if (argument === undefined) return `${word} needs an argument`;
      if (word === '--conf') conf = argument;
      else if (word === '--auto-update') {
        if (!/^\d+$/.test(argument)) return `--auto-update needs seconds, not '${argument}'`;
        autoUpdate = Number(argument);
      }
    } else if (!IGNORED.includes(word)) return `starter: unknown option '${word}'\n${START_USAGE}`;
  }
  return {
    nofork,
    conftest,
    background,
    ...(conf === undefined ? {} : { conf }),
    ...(autoUpdate === undefined ? {} : { autoUpdate }),
    daemonArguments:
      level === undefined ? [] : GROUPS.flatMap((group) => [`--debug-${group}`, String(level)]),
  };
}
