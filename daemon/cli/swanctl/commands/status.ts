import {
  findList,
  findSection,
  findText,
  optional,
  type Tree,
  value,
} from '../../../config/tree.ts';
import { latin1 } from '../../../util/bytes.ts';
import type { SwanctlCommand } from '../command.ts';
import { flag, JSON_FORM, PRETTY, RAW, takes } from '../shared-options.ts';
import { versionLine } from '../version.ts';

export const stats: SwanctlCommand = {
  long: 'stats',
  short: 'S',
  description: 'show daemon stats information',
  synopsis: ['[--raw|--pretty]'],
  options: [RAW, PRETTY, JSON_FORM],
  async run(cx) {
    const answer = await cx.ask('stats');
    if (cx.form !== undefined) cx.dump('stats reply', answer, cx.form);
    else cx.terminal.out(statsText(answer));
    return 0;
  },
};

function statsText(answer: Tree): string {
  const at = (path: string): string => textAt(answer, path);
  const levels = (section: string): string =>
    ['critical', 'high', 'medium', 'low'].map((level) => at(`${section}.${level}`)).join('/');
  const lines = [
    `uptime: ${at('uptime.running')}, since ${at('uptime.since')}`,
    `worker threads: ${at('workers.total')} total, ${at('workers.idle')} idle, working: ${levels('workers.active')}`,
    `job queues: ${levels('queues')}`,
    `jobs scheduled: ${at('scheduled')}`,
    `IKE_SAs: ${at('ikesas.total')} total, ${at('ikesas.half-open')} half-open`,
  ];
  const memory = findSection(answer, 'mem');
  if (memory !== undefined) {
    lines.push(`memory usage: ${at('mem.total')} bytes, ${at('mem.allocs')} allocations`);
    for (const entry of memory)
      if (entry.kind === 'section') {
        lines.push(
          `  in ${entry.name}: ${textAt(entry.entries, 'total')} bytes, ${textAt(entry.entries, 'allocs')} allocations`,
        );
      }
  }
  if (findSection(answer, 'mallinfo') !== undefined) {
    lines.push(
      `mallinfo: sbrk ${at('mallinfo.sbrk')}, mmap ${at('mallinfo.mmap')}, used ${at('mallinfo.used')}, free ${at('mallinfo.free')}`,
    );
  }
  const plugins = (findList(answer, 'plugins') ?? []).map((name) => ` ${latin1(name)}`).join('');
  return `${lines.join('\n')}\nloaded plugins:${plugins}\n`;
}

function textAt(tree: Tree, path: string): string {
  const names = path.split('.');
  const last = names.pop() ?? '';
  let section: Tree | undefined = tree;
  for (const name of names)
    section = section === undefined ? undefined : findSection(section, name);
  return (section === undefined ? undefined : findText(section, last)) ?? '';
}

export const version: SwanctlCommand = {
  long: 'version',
  short: 'V',
  description: 'show version information',
  synopsis: ['[--raw|--pretty]'],
  options: [flag('daemon', 'd', 'query daemon version'), RAW, PRETTY, JSON_FORM],
  async run(cx) {
    if (!cx.has('daemon')) {
      cx.terminal.out(`${versionLine(cx.version)}\n`);
      return 0;
    }
    const answer = await cx.ask('version');
    if (cx.form !== undefined) cx.dump('version reply', answer, cx.form);
    else {
      const at = (name: string): string => findText(answer, name) ?? '';
      cx.terminal.out(
        `strongSwan ${at('version')} ${at('daemon')} (${at('sysname')}, ${at('release')}, ${at('machine')})\n`,
      );
    }
    return 0;
  },
};

export const listAlgs: SwanctlCommand = {
  long: 'list-algs',
  short: 'g',
  description: 'show loaded algorithms',
  synopsis: ['[--raw|--pretty]'],
  options: [RAW, PRETTY, JSON_FORM],
  async run(cx) {
    const answer = await cx.ask('get-algorithms');
    if (cx.form !== undefined) {
      cx.dump('get-algorithms reply', answer, cx.form);
      return 0;
    }
    for (const group of answer) {
      if (group.kind !== 'section') continue;
      cx.terminal.out(`${group.name}:\n`);
      for (const entry of group.entries)
        if (entry.kind === 'value') cx.terminal.out(`  ${entry.name}[${latin1(entry.value)}]\n`);
    }
    return 0;
  },
};

export const counters: SwanctlCommand = {
  long: 'counters',
  short: 'C',
  description: 'list or reset IKE event counters',
  synopsis: ['[--name <name>|--all] [--reset] [--raw|--pretty]'],
  options: [
    takes('name', 'n', 'connection name, omit for global counters'),
    flag('all', 'a', 'get/reset counters for all tracked connections'),
    flag('reset', 'R', 'reset the counters'),
    RAW,
    PRETTY,
    JSON_FORM,
  ],
  async run(cx) {
    const reset = cx.has('reset');
    const command = reset ? 'reset-counters' : 'get-counters';
    const input = cx.has('all') ? [value('all', 'yes')] : optional('name', cx.text('name'));
    const answer = await cx.ask(command, input);
    if (cx.form !== undefined || reset || findText(answer, 'success') !== 'yes') {
      return cx.conclude(command, answer, { label: 'counters reply' });
    }
    for (const entry of findSection(answer, 'counters') ?? []) {
      if (entry.kind !== 'section') continue;
      cx.terminal.out(`${entry.name === '' ? 'global' : entry.name}:\n`);
      for (const counter of entry.entries) {
        if (counter.kind !== 'value') continue;
        cx.terminal.out(`  ${counter.name.padEnd(22)}: ${latin1(counter.value)}\n`);
      }
    }
    return 0;
  },
};
