import type {
  ChildConfig,
  ConnectionConfig,
  IfIdConfig,
  MarkConfig,
} from '../config/connection-types.ts';
import type { Mark } from '../contracts/kernel.ts';
import type { ChildSaSpec } from '../kernel/child-sa-spec.ts';
import type { ChildSa } from './child-sa.ts';
import type { IkeSa } from './ike-sa.ts';

/** Marks and interface ids of a CHILD_SA; a replacement keeps those of what it replaces. */
export type ChildMarks = Pick<ChildSaSpec, 'markIn' | 'markOut' | 'ifIdIn' | 'ifIdOut'>;

/** Interface ids of both directions. */
export interface InterfaceIds {
  readonly in: number;
  readonly out: number;
}

/** Where the numbers of `%unique` come from. */
export interface UniqueNumbers {
  /** A mark that no CHILD_SA has had; from 1. */
  nextMark(): number;
  /** The same for interface ids. */
  nextIfId(): number;
}

/** What a trap chooses from. */
export interface TrapNumbers extends UniqueNumbers {
  /** What a CHILD_SA of this child has, if there is one. */
  marksInUse(connection: ConnectionConfig, child: ChildConfig): ChildMarks | undefined;
}

/**
 * Chooses for a new CHILD_SA. One that we ask for has what the trap of its child has, so that the packets that the trap holds are
 * its own. Interface ids that the child leaves to its connection are otherwise the same for all CHILD_SAs of the IKE_SA.
 */
export function chooseMarks(child: ChildConfig, sa: IkeSa, byUs: boolean): ChildMarks {
  const { connection, env } = sa;
  const held =
    byUs && connection !== undefined ? env.registry.trapMarks(connection, child) : undefined;
  return held ?? drawMarks(child, env.registry, () => inherited(sa));
}

/** Chooses for a trap: what a CHILD_SA of the child has already, or new numbers. */
export function marksOfTrap(
  connection: ConnectionConfig,
  child: ChildConfig,
  from: TrapNumbers,
): ChildMarks {
  const used = from.marksInUse(connection, child);
  if (used !== undefined) return used;
  const { ifIdIn, ifIdOut } = connection;
  return drawMarks(child, from, () => uniqueIfIds(ifIdIn, ifIdOut, () => from.nextIfId()));
}

/** What a CHILD_SA of these IKE_SAs has that was made of this child; it may be older than the trap, and than the daemon. */
export function marksInUse(
  sas: Iterable<IkeSa>,
  connection: ConnectionConfig,
  child: ChildConfig,
): ChildMarks | undefined {
  for (const sa of sas) {
    for (const { live, config, terms } of sa.children.values()) {
      if (!live || config.name !== child.name || sa.connection === undefined) continue;
      if (sameChoice([sa.connection, config], [connection, child])) return terms.marks;
    }
  }
  return undefined;
}

/** Whether these two configurations leave the same choice. */
export function sameChoice(
  [connection, child]: readonly [ConnectionConfig, ChildConfig],
  [otherConnection, otherChild]: readonly [ConnectionConfig, ChildConfig],
): boolean {
  const choice = (one: ConnectionConfig, { markIn, markOut, ifIdIn, ifIdOut }: ChildConfig) =>
    JSON.stringify([markIn, markOut, ifIdIn, ifIdOut, one.ifIdIn, one.ifIdOut]);
  return choice(connection, child) === choice(otherConnection, otherChild);
}

function drawMarks(
  child: ChildConfig,
  registry: UniqueNumbers,
  inheritedIds: () => InterfaceIds,
): ChildMarks {
  const numbers = draw(child.markIn, child.markOut, () => registry.nextMark());
  const own = uniqueIfIds(child.ifIdIn, child.ifIdOut, () => registry.nextIfId());
  const others = own.in !== 0 && own.out !== 0 ? own : inheritedIds();
  return marksOf({
    markIn: mark(child.markIn, numbers.in),
    markOut: mark(child.markOut, numbers.out),
    ifIdIn: own.in || others.in,
    ifIdOut: own.out || others.out,
  });
}

function mark(config: MarkConfig, drawn: number): Mark | undefined {
  if (config.kind === 'none' || config.kind === 'same') return undefined;
  return { value: config.kind === 'value' ? config.value : drawn, mask: config.mask };
}

/** Those of a specification alone; one value for all that have none. */
export function marksOf({
  markIn,
  markOut,
  ifIdIn,
  ifIdOut,
}: {
  readonly markIn?: Mark | undefined;
  readonly markOut?: Mark | undefined;
  readonly ifIdIn: number;
  readonly ifIdOut: number;
}): ChildMarks {
  if (!markIn && !markOut) {
    return ifIdIn === 0 && ifIdOut === 0 ? NO_MARKS : { ifIdIn, ifIdOut };
  }
  return { ...(markIn && { markIn }), ...(markOut && { markOut }), ifIdIn, ifIdOut };
}

const NO_MARKS: ChildMarks = { ifIdIn: 0, ifIdOut: 0 };

function inherited(sa: IkeSa): InterfaceIds {
  const { ifIdIn, ifIdOut } = sa.connection ?? { ifIdIn: NO_IF_ID, ifIdOut: NO_IF_ID };
  sa.interfaceIds ??= uniqueIfIds(ifIdIn, ifIdOut, () => sa.env.registry.nextIfId());
  return sa.interfaceIds;
}

const NO_IF_ID = { kind: 'value', value: 0 } as const;

/** Interface ids as configured, with new numbers for `%unique` and `%unique-dir`; 0 is none. */
function uniqueIfIds(into: IfIdConfig, out: IfIdConfig, next: () => number): InterfaceIds {
  if (into.kind === 'value' && out.kind === 'value') {
    return into.value === 0 && out.value === 0 ? NO_IF_IDS : { in: into.value, out: out.value };
  }
  const drawn = draw(into, out, next);
  return {
    in: into.kind === 'value' ? into.value : drawn.in,
    out: out.kind === 'value' ? out.value : drawn.out,
  };
}

const NO_IF_IDS: InterfaceIds = { in: 0, out: 0 };

/** `set_mark_in` and `set_mark_out`; `%same` takes the value, not the mask, of the mark of that direction. */
export function setMarks(
  child: ChildConfig,
  marks: ChildMarks,
): Pick<ChildSaSpec, 'setMarkIn' | 'setMarkOut'> {
  const setMarkIn = setMark(child.setMarkIn, marks.markIn);
  const setMarkOut = setMark(child.setMarkOut, marks.markOut);
  return {
    ...(setMarkIn === undefined ? {} : { setMarkIn }),
    ...(setMarkOut === undefined ? {} : { setMarkOut }),
  };
}

function setMark(config: MarkConfig, own: Mark | undefined): Mark | undefined {
  if (config.kind === 'value') return { value: config.value, mask: config.mask };
  if (config.kind === 'same' && own !== undefined) return { value: own.value, mask: config.mask };
  return undefined;
}

/** New numbers where they are asked for: `%unique` is one for both directions, `%unique-dir` one for each. */
function draw(
  into: Pick<MarkConfig | IfIdConfig, 'kind'>,
  out: Pick<MarkConfig | IfIdConfig, 'kind'>,
  next: () => number,
): InterfaceIds {
  if (!isDrawn(into.kind) && !isDrawn(out.kind)) return NO_IF_IDS;
  const first = isDrawn(into.kind) ? next() : 0;
  const shared = into.kind === 'unique' && out.kind === 'unique';
  return { in: first, out: shared ? first : isDrawn(out.kind) ? next() : 0 };
}

function isDrawn(kind: string): boolean {
  return kind === 'unique' || kind === 'unique-dir';
}

/** The numbers of a CHILD_SA that were drawn for `%unique` or `%unique-dir`. */
export function uniqueNumbers({ config, terms, sa }: ChildSa): {
  readonly marks: readonly number[];
  readonly ifIds: readonly number[];
} {
  const { markIn, markOut, ifIdIn, ifIdOut } = terms.marks;
  // Most have none at all.
  if (!markIn && !markOut && ifIdIn === 0 && ifIdOut === 0) return NO_NUMBERS;
  const marks = [
    isDrawn(config.markIn.kind) ? markIn?.value : undefined,
    isDrawn(config.markOut.kind) ? markOut?.value : undefined,
  ];
  const [into, out] = [sa.connection?.ifIdIn.kind ?? '', sa.connection?.ifIdOut.kind ?? ''];
  const ifIds = [
    isDrawn(config.ifIdIn.kind) || isDrawn(into) ? ifIdIn : undefined,
    isDrawn(config.ifIdOut.kind) || isDrawn(out) ? ifIdOut : undefined,
  ];
  return {
    marks: marks.filter((mark) => mark !== undefined),
    ifIds: ifIds.filter((id) => id !== undefined),
  };
}

const NO_NUMBERS = { marks: [], ifIds: [] } as const;
