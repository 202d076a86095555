import type { ConnValues } from './conn-values.ts';

/** What `auto` may say. */
export const AUTO = ['ignore', 'add', 'route', 'start'] as const;

/** A list that ends with `!` is all there is; otherwise the defaults follow. */
export function strictness(text: string): string {
  const items = text.split(',').map((item) => item.trim());
  const last = items.at(-1) ?? '';
  if (last.endsWith('!')) return [...items.slice(0, -1), last.slice(0, -1)].join(', ');
  return [...items, 'default'].join(', ');
}

/** What `dpdaction` says. */
export function deadPeerAction(values: ConnValues): 'none' | 'clear' | 'hold' | 'restart' {
  return values.choice('dpdaction', 'none', ['none', 'clear', 'hold', 'restart']);
}

/** What `type` may say, and what it is called in swanctl.conf. */
export const MODES = {
  tunnel: 'tunnel',
  transport: 'transport',
  transport_proxy: 'transport_proxy',
  beet: 'beet',
  passthrough: 'pass',
  pass: 'pass',
  drop: 'drop',
  reject: 'drop',
} as const;

/** What a conn does with packets, in the words of swanctl.conf. */
export function modeOf(values: ConnValues): (typeof MODES)[keyof typeof MODES] {
  const types = Object.keys(MODES) as (keyof typeof MODES)[];
  return MODES[values.choice('type', 'tunnel', types)];
}

/** Whether a conn lets packets pass or drops them, and needs no peer. */
export function isShunt(values: ConnValues): boolean {
  return ['pass', 'drop'].includes(modeOf(values));
}

/** A file as it is named: relative ones are in a folder. */
export function inFolder(file: string, folder: string): string {
  return file.startsWith('/') ? file : `${folder}/${file}`;
}
