import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import type { Proposal } from '../proto/proposal.ts';
import { deepEqual, eachDifference } from '../util/deep-equal.ts';
import type { AuthRoundConfig, ChildConfig, ConnectionConfig } from './connection-types.ts';

/** What loading a connection does: `updated` exchanges children only. */
export type LoadOutcome = 'added' | 'updated' | 'replaced' | 'unchanged';

/** A child that is not what it was. */
export interface ChildDiff {
  readonly name: string;
  readonly what: 'added' | 'changed' | 'removed';
  /** Keys of swanctl.conf with another value than before, if it was changed. */
  readonly keys: readonly string[];
}

/** How a connection differs from the one of the same name that was loaded before. Names of keys only, never their values. */
export interface ConnectionDiff {
  readonly outcome: LoadOutcome;
  /** Keys of swanctl.conf with another value: `dpd_delay`, `remote-1.id`; empty if the connection is new. */
  readonly keys: readonly string[];
  /** In the order of what is loaded, then what is removed. */
  readonly children: readonly ChildDiff[];
}

const UNCHANGED: ConnectionDiff = { outcome: 'unchanged', keys: [], children: [] };

/** Compares a connection with the one that it is to replace: what counts are the values in force, however they are written. */
export function diffConnection(
  before: ConnectionConfig | undefined,
  after: ConnectionConfig,
): ConnectionDiff {
  if (before === undefined) {
    const children = [...after.children.keys()].map((name) => childDiff(name, 'added'));
    return { outcome: 'added', keys: [], children };
  }
  if (before === after) return UNCHANGED;
  const keys = ikeKeys(before, after);
  const children = diffChildren(before.children, after.children);
  if (keys.length > 0) return { outcome: 'replaced', keys, children };
  const same = children.length === 0 && sameOrder(before.children, after.children);
  return same ? UNCHANGED : { outcome: 'updated', keys, children };
}

/** Whether two connections differ in nothing but their children. */
export function sameIkePart(a: ConnectionConfig, b: ConnectionConfig): boolean {
  return a === b || ikeKeys(a, b).length === 0;
}

/** The keys in which two children differ. */
export function childKeys(a: ChildConfig, b: ChildConfig): readonly string[] {
  if (a === b) return [];
  const keys: string[] = [];
  eachDifference(a, b, (field) => {
    if (field === 'time' || field === 'bytes' || field === 'packets') {
      for (const part of ['rekey', 'life', 'rand'] as const)
        if (a[field][part] !== b[field][part]) keys.push(`${part}_${field}`);
    } else if (field === 'proposals') {
      keys.push(...proposalKeys(a.proposals, b.proposals));
    } else keys.push(keyOf(field));
  });
  return keys;
}

function ikeKeys(a: ConnectionConfig, b: ConnectionConfig): readonly string[] {
  const keys: string[] = [];
  const found = (field: keyof ConnectionConfig): void => {
    if (field === 'local' || field === 'remote') keys.push(...roundKeys(field, a[field], b[field]));
    else keys.push(keyOf(field));
  };
  eachDifference(a, b, found, 'children');
  return keys;
}

function roundKeys(
  side: 'local' | 'remote',
  a: readonly AuthRoundConfig[],
  b: readonly AuthRoundConfig[],
): readonly string[] {
  const keys: string[] = [];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [x, y] = [a[i], b[i]];
    if (x === undefined || y === undefined) {
      keys.push(`${side}-${i + 1}`);
      continue;
    }
    eachDifference(x, y, (field) => {
      // The class follows from the text.
      if (field === 'class' && x.auth !== y.auth) return;
      keys.push(`${side}-${i + 1}.${field === 'class' ? 'auth' : keyOf(field)}`);
    });
  }
  return keys;
}

function diffChildren(
  before: ConnectionConfig['children'],
  after: ConnectionConfig['children'],
): readonly ChildDiff[] {
  const diffs: ChildDiff[] = [];
  for (const [name, child] of after) {
    const old = before.get(name);
    if (old === undefined) {
      diffs.push(childDiff(name, 'added'));
      continue;
    }
    const keys = childKeys(old, child);
    if (keys.length > 0) diffs.push(childDiff(name, 'changed', keys));
  }
  for (const name of before.keys()) if (!after.has(name)) diffs.push(childDiff(name, 'removed'));
  return diffs;
}

function childDiff(name: string, what: ChildDiff['what'], keys: readonly string[] = []): ChildDiff {
  return { name, what, keys };
}

/** Whether two connections have children of the same names in the same order, in which they are tried. */
export function sameOrder(
  a: ConnectionConfig['children'],
  b: ConnectionConfig['children'],
): boolean {
  const names = b.keys();
  for (const name of a.keys()) if (names.next().value !== name) return false;
  return names.next().done === true;
}

function proposalKeys(a: readonly Proposal[], b: readonly Proposal[]): readonly string[] {
  const of = (list: readonly Proposal[], protocol: number): readonly Proposal[] =>
    list.filter((proposal) => proposal.protocol === protocol);
  const keys = (
    [
      ['esp_proposals', ProtocolId.ESP],
      ['ah_proposals', ProtocolId.AH],
    ] as const
  ).flatMap(([key, protocol]) => (deepEqual(of(a, protocol), of(b, protocol)) ? [] : [key]));
  // The same ones in another order.
  return keys.length > 0 ? keys : ['esp_proposals', 'ah_proposals'];
}

/** Keys that are not the names of the fields in another spelling. */
const KEYS: ReadonlyMap<string, string> = new Map([
  ['keyingTries', 'keyingtries'],
  ['sha256Trunc96', 'sha256_96'],
]);

function keyOf(field: string): string {
  return KEYS.get(field) ?? field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
