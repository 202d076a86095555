import { deepEqual } from '../util/deep-equal.ts';
import { type ConnectionDiff, sameOrder } from './connection-diff.ts';
import type { ChildConfig, ConnectionConfig } from './connection-types.ts';

/**
 * What is stored in place of a connection when another of its name is loaded: the new one, with the objects of the old one wherever they do not
 * differ. `diff` is how they differ.
 */
export function withKept(
  old: ConnectionConfig,
  now: ConnectionConfig,
  diff: ConnectionDiff,
): ConnectionConfig {
  const children = keptChildren(old, now, diff);
  if (diff.outcome === 'updated') return { ...old, children };
  return {
    ...now,
    localAddrs: kept(old.localAddrs, now.localAddrs),
    remoteAddrs: kept(old.remoteAddrs, now.remoteAddrs),
    proposals: kept(old.proposals, now.proposals),
    local: kept(old.local, now.local),
    remote: kept(old.remote, now.remote),
    children,
  };
}

/** Whether whoever finds one connection finds the other, and in the same place: all they are found by is the same. */
export function isFoundAlike(old: ConnectionConfig, now: ConnectionConfig): boolean {
  return (
    old.name === now.name &&
    old.localAddrs === now.localAddrs &&
    old.remoteAddrs === now.remoteAddrs &&
    old.localPort === now.localPort &&
    old.remotePort === now.remotePort &&
    old.proposals === now.proposals &&
    old.sendCertreq === now.sendCertreq &&
    old.ocsp === now.ocsp &&
    old.local === now.local &&
    old.remote === now.remote &&
    old.children === now.children
  );
}

function kept<T>(old: T, now: T): T {
  return deepEqual(old, now) ? old : now;
}

function keptChildren(
  old: ConnectionConfig,
  now: ConnectionConfig,
  diff: ConnectionDiff,
): ConnectionConfig['children'] {
  const changed = new Set(diff.children.map(({ name }) => name));
  if (changed.size === 0 && sameOrder(old.children, now.children)) return old.children;
  const child = (name: string, read: ChildConfig): ChildConfig =>
    changed.has(name) ? read : (old.children.get(name) ?? read);
  return new Map([...now.children].map(([name, read]) => [name, child(name, read)]));
}
