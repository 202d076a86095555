import { list, section, value } from '../../config/tree.ts';
import type { Command } from '../command.ts';
import { absoluteTime, relativeTime } from '../time-text.ts';

/** Runtime statistics. There is one thread: the one that answers. */
export const stats: Command = {
  name: 'stats',
  run: (_message, { services: { control } }) => {
    const now = control.stats();
    const priorities = (medium: number) => [
      value('critical', 0),
      value('high', 0),
      value('medium', medium),
      value('low', 0),
    ];
    return [
      section('uptime', [
        value('running', relativeTime(now.uptimeMillis)),
        value('since', absoluteTime(now.startedAtWallClock)),
      ]),
      section('workers', [value('total', 1), value('idle', 0), section('active', priorities(1))]),
      section('queues', priorities(0)),
      value('scheduled', now.scheduled),
      section('ikesas', [value('total', now.ikeSas), value('half-open', now.halfOpen)]),
      list('plugins', now.plugins),
    ];
  },
};
