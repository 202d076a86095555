import type { TerminalSize } from '../../../contracts/terminal.ts';
import { type Reading, rateOf } from './readings.ts';
import { type ChildRow, type IkeRow, NO_TRAFFIC, type Traffic } from './sa-rows.ts';
import { clockText, short, span } from './units.ts';

/** By what the list is ordered. */
export const ORDERS = ['traffic', 'name', 'age', 'number'] as const;
export type Order = (typeof ORDERS)[number];

/** What the person chose. */
export interface View {
  readonly order: Order;
  /** Lines of the list that are above the screen. */
  readonly scroll: number;
  readonly paused: boolean;
}

/** An event and when it came, milliseconds since 1970. */
export interface ShownEvent {
  readonly at: number;
  readonly text: string;
}

const EVENTS = 8;
const BOLD = '\x1b[1m';
const REVERSE = '\x1b[7m';
const PLAIN = '\x1b[0m';

/** A screen full of it: exactly as many lines as there are rows, none longer than the columns. */
export function drawScreen(
  now: Reading,
  events: readonly ShownEvent[],
  view: View,
  { columns, rows }: TerminalSize,
): readonly string[] {
  const cut = (text: string, style = ''): string => styled(sized(text, columns), style);
  const shownEvents = Math.min(EVENTS, events.length, Math.max(0, rows - 8));
  const head = [...summary(now).map((text) => cut(text)), cut(TITLES, REVERSE)];
  const foot = [
    ...(shownEvents === 0 ? [] : [cut('EVENTS', REVERSE)]),
    ...events
      .slice(-shownEvents || events.length)
      .map(({ at, text }) => cut(`${clockText(at)} ${text}`)),
    cut(help(view), BOLD),
  ];
  const space = Math.max(0, rows - head.length - foot.length);
  const list = listed(now, view.order).slice(view.scroll, view.scroll + space);
  const body = Array.from({ length: space }, (_, row) => cut(list[row]?.() ?? ''));
  return [...head, ...body, ...foot].slice(0, rows);
}

/** The same once and whole, for where nobody watches: no rates, no sequences. */
export function drawOnce(now: Reading): readonly string[] {
  return [...summary(now), TITLES, ...listed(now, 'name').map((text) => text())].map((line) =>
    line.trimEnd(),
  );
}

/** Lines of the list. */
export function lengthOf({ sas, children }: Pick<Reading, 'sas' | 'children'>): number {
  return sas.length + children;
}

function summary({ at, running, halfOpen, sas, children, total }: Reading): readonly string[] {
  const up = sas.filter(({ age }) => age !== undefined).length;
  return [
    `${clockText(at)}  up ${running}   ${sas.length} IKE_SAs (${up} established, ${halfOpen} half-open)   ${children} CHILD_SAs`,
    `in ${short(total.bytesIn)}B/s ${short(total.packetsIn)} packets/s   out ${short(total.bytesOut)}B/s ${short(total.packetsOut)} packets/s`,
  ];
}

const TITLES = line('NAME', 'STATE', 'AGE', 'IN/s', 'OUT/s', 'IN', 'OUT', 'PEER');

function line(
  name: string,
  state: string,
  age: string,
  inRate: string,
  outRate: string,
  totalIn: string,
  totalOut: string,
  rest: string,
): string {
  const numbers = [age, inRate, outRate, totalIn, totalOut].map((text) => text.padStart(7));
  return `${sized(name, 20)} ${sized(state, 11)}${numbers.join('')}  ${rest}`;
}

// Of ten thousand lines only those on the screen are made.
function listed({ sas, rates }: Reading, order: Order): readonly (() => string)[] {
  const rows = sas.map((sa) => ({ sa, rate: rateOf(sa, rates) }));
  return rows
    .toSorted(ORDER[order])
    .flatMap(({ sa, rate }) => [
      () => ikeLine(sa, rate),
      ...sa.children.map((child) => () => childLine(child, rates.get(child.id) ?? NO_TRAFFIC)),
    ]);
}

interface RatedSa {
  readonly sa: IkeRow;
  readonly rate: Traffic;
}

const ORDER: Readonly<Record<Order, (a: RatedSa, b: RatedSa) => number>> = {
  traffic: (a, b) => octets(b) - octets(a) || a.sa.id - b.sa.id,
  name: ({ sa: a }, { sa: b }) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id - b.id),
  age: ({ sa: a }, { sa: b }) => (a.age ?? -1) - (b.age ?? -1) || b.id - a.id,
  number: ({ sa: a }, { sa: b }) => a.id - b.id,
};

function octets({ rate: { bytesIn, bytesOut } }: RatedSa): number {
  return bytesIn + bytesOut;
}

function ikeLine({ name, id, state, age, remote, remoteId }: IkeRow, rate: Traffic): string {
  const since = age === undefined ? '-' : span(age);
  const [bytesIn, bytesOut] = [short(rate.bytesIn), short(rate.bytesOut)];
  return line(`${name}[${id}]`, state, since, bytesIn, bytesOut, '', '', `${remote} '${remoteId}'`);
}

function childLine({ name, id, state, age, total, selectors }: ChildRow, rate: Traffic): string {
  return line(
    `  ${name}{${id}}`,
    state,
    span(age),
    short(rate.bytesIn),
    short(rate.bytesOut),
    short(total.bytesIn),
    short(total.bytesOut),
    selectors,
  );
}

function help({ order, paused }: View): string {
  return `q quit   s order: ${order}   arrows scroll   space ${paused ? 'PAUSED, go on' : 'pause'}`;
}

/** Exactly that many characters. */
function sized(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text + ' '.repeat(width - characters.length);
  return width < 1 ? '' : `${characters.slice(0, width - 1).join('')}…`;
}

function styled(text: string, style: string): string {
  return style === '' ? text : `${style}${text}${PLAIN}`;
}
