import { findText, optional, type Tree, value } from '../../../config/tree.ts';
import { type CommandContext, Errno, type SwanctlCommand } from '../command.ts';
import { saText } from '../sa-text.ts';
import { flag, JSON_FORM, PRETTY, RAW, takes } from '../shared-options.ts';

export const listSas: SwanctlCommand = {
  long: 'list-sas',
  short: 'l',
  description: 'list currently active IKE_SAs',
  synopsis: ['[--ike <name>|--ike-id <id>] [--child <name>|--child-id <id>]', '[--raw|--pretty]'],
  options: [
    takes('ike', 'i', 'filter IKE_SAs by name'),
    takes('ike-id', 'I', 'filter IKE_SAs by unique identifier'),
    takes('child', 'c', 'filter CHILD_SAs by name'),
    takes('child-id', 'C', 'filter CHILD_SAs by unique identifier'),
    flag('noblock', 'n', "don't wait for IKE_SAs in use"),
    RAW,
    PRETTY,
    JSON_FORM,
  ],
  async run(cx) {
    const input: Tree = [
      ...(cx.has('noblock') ? [value('noblock', 'yes')] : []),
      ...['ike', 'ike-id', 'child', 'child-id'].flatMap((name) => optional(name, cx.text(name))),
    ];
    const answer = await cx.stream('list-sas', input, 'list-sa', 'SAs', (data) =>
      show(cx, 'list-sa event', data),
    );
    if (cx.form !== undefined) cx.dump('list-sas reply', answer, cx.form);
    return 0;
  },
};

export const monitorSa: SwanctlCommand = {
  long: 'monitor-sa',
  short: 'm',
  description: 'monitor for IKE_SA and CHILD_SA changes',
  synopsis: ['[--raw|--pretty]'],
  options: [RAW, PRETTY, JSON_FORM],
  async run(cx) {
    await cx.listen('ike-updown', 'IKE_SAs', (data) => show(cx, 'ike-updown event', data));
    await cx.listen('child-updown', 'CHILD_SAs', (data) => show(cx, 'child-updown event', data));
    return untilInterrupted(cx);
  },
};

export const log: SwanctlCommand = {
  long: 'log',
  short: 'T',
  description: 'trace logging output (levels 0 and 1 only)',
  synopsis: ['[--raw|--pretty]'],
  options: [RAW, PRETTY, JSON_FORM],
  async run(cx) {
    await cx.listen('log', 'log', (data) => {
      if (cx.form !== undefined) cx.dump('log', data, cx.form);
      else cx.terminal.out(logText(data));
    });
    const code = await untilInterrupted(cx);
    if (code === 0) cx.terminal.error('disconnecting...\n');
    return code;
  },
};

function logText(data: Tree): string {
  const prefix = `${(findText(data, 'thread') ?? '').padStart(2, '0')}[${findText(data, 'group')}]`;
  return (findText(data, 'msg') ?? '')
    .split('\n')
    .map((line) => `${prefix} ${line}\n`)
    .join('');
}

function show(cx: CommandContext, label: string, data: Tree): void {
  if (cx.form !== undefined) cx.dump(label, data, cx.form);
  else cx.terminal.out(saText(data));
}

/** Waits for the person or for the end of the daemon. */
function untilInterrupted(cx: CommandContext): Promise<number> {
  return new Promise((resolve) => {
    const { interrupted } = cx.terminal;
    if (interrupted.aborted) resolve(0);
    interrupted.addEventListener('abort', () => resolve(0), { once: true });
    cx.vici.onClosed(() => resolve(Errno.ECONNRESET));
  });
}
