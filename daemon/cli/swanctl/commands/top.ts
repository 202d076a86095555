import { type CommandContext, CommandFailure, Errno, type SwanctlCommand } from '../command.ts';
import { takes } from '../shared-options.ts';
import { drawOnce } from '../top/draw.ts';
import { Reader, Watch } from '../top/watch.ts';

const DEFAULT_INTERVAL = '2';

/** `--top`, ours: SAs, their traffic and events on the whole terminal; where there is none the SAs once. */
export const top: SwanctlCommand = {
  long: 'top',
  short: 'o',
  own: true,
  description: 'watch SAs, traffic and events',
  synopsis: ['[--interval <seconds>]'],
  options: [takes('interval', 'n', 'seconds between two readings, default: 2')],
  async run(cx) {
    const seconds = Number(cx.text('interval') ?? DEFAULT_INTERVAL);
    if (!(seconds >= 0.1 && seconds <= 3600)) {
      const reason = `invalid --interval '${cx.text('interval')}': 0.1 to 3600 seconds`;
      throw new CommandFailure(reason, Errno.EINVAL);
    }
    const code = (await watched(cx, seconds * 1000)) ?? (await once(cx));
    if (code === Errno.ECONNRESET) cx.terminal.error('the daemon closed the connection\n');
    return code;
  },
};

/** `undefined` without a terminal, which is as it was before when this resolves. */
async function watched(cx: CommandContext, interval: number): Promise<number | undefined> {
  using screen = cx.terminal.screen();
  return screen && (await Watch.run(cx, screen, interval));
}

async function once(cx: CommandContext): Promise<number> {
  const reader = await Reader.open(cx);
  cx.terminal.out(`${drawOnce(await reader.read(undefined)).join('\n')}\n`);
  return 0;
}
