import type {
  ChildConfig,
  ConnectionConfig,
  IfIdConfig,
} from '../../../config/connection-types.ts';
import type { IpAddress } from '../../../proto/ip-address.ts';
import type { TrafficSelector } from '../../../proto/traffic-selector.ts';
import { equalSelector, intersect, isSubset } from '../../../proto/traffic-selector-math.ts';
import { printSelector, resolveSelector } from '../../../proto/traffic-selector-text.ts';
import { compareBytes } from '../../../util/bytes.ts';
import { childrenOf } from './children.ts';
import { locate } from './locate.ts';
import type { Checked, CheckedConfig, CheckWorld } from './model.ts';

/** Pairs that are compared, and findings that are told: thousands of children may all overlap. */
const MAX_PAIRS = 2_000_000;
const MAX_FINDINGS = 100;

/** A child as the kernel would see it. */
interface Flow {
  readonly connection: Checked<ConnectionConfig>;
  readonly value: ConnectionConfig;
  readonly child: ChildConfig;
  readonly local: readonly TrafficSelector[];
}

/** One of the remote selectors of a child: flows are compared in the order in which these begin. */
interface Entry {
  readonly flow: Flow;
  readonly remote: TrafficSelector;
}

/** Finds children of which several take the same packets, so that only one of them gets them. */
export function checkSelectors({ connections }: CheckedConfig, { findings }: CheckWorld): void {
  const entries = connections.flatMap((connection) => entriesOf(connection));
  entries.sort(
    (a, b) =>
      a.remote.family - b.remote.family ||
      compareBytes(a.remote.startAddress, b.remote.startAddress),
  );
  const told = new Set<string>();
  let open: Entry[] = [];
  let pairs = 0;
  for (const entry of entries) {
    open = open.filter(
      ({ remote }) =>
        remote.family === entry.remote.family &&
        compareBytes(remote.endAddress, entry.remote.startAddress) >= 0,
    );
    for (const other of open) {
      if (++pairs > MAX_PAIRS || told.size >= MAX_FINDINGS) {
        findings.add({
          severity: 'note',
          code: 'overlap',
          position: placeOfFlow(entry.flow),
          message: 'there are too many selectors that overlap: others are not told',
        });
        return;
      }
      compare(other, entry, told, findings);
    }
    open.push(entry);
  }
}

function entriesOf(connection: Checked<ConnectionConfig>): readonly Entry[] {
  const { value } = connection;
  if (value === undefined) return [];
  return [...value.children.values()].flatMap((child) => {
    // What passes or drops packets is there to make exceptions.
    if (child.mode === 'pass' || child.mode === 'drop' || !child.policies) return [];
    const local = known(child.localTs, value.vips.length > 0 ? [] : hostsOf(value.localAddrs));
    const remote = known(child.remoteTs, value.pools.length > 0 ? [] : hostsOf(value.remoteAddrs));
    const flow: Flow = { connection, value, child, local };
    return remote.map((selector) => ({ flow, remote: selector }));
  });
}

/** Selectors whose addresses are known before there is a peer. */
function known(
  configured: ChildConfig['localTs'],
  hosts: readonly IpAddress[],
): readonly TrafficSelector[] {
  return configured.flatMap((config) => resolveSelector(config, hosts));
}

function hostsOf(specs: ConnectionConfig['localAddrs']): readonly IpAddress[] {
  return specs.flatMap((spec) => (spec.kind === 'host' ? [spec.address] : []));
}

function compare(a: Entry, b: Entry, told: Set<string>, findings: CheckWorld['findings']): void {
  if (a.flow === b.flow || a.flow.child.priority !== b.flow.child.priority) return;
  if (apart(a.flow, b.flow)) return;
  const remote = intersect(a.remote, b.remote);
  if (remote === undefined) return;
  for (const x of a.flow.local) {
    for (const y of b.flow.local) {
      const local = intersect(x, y);
      if (local === undefined) continue;
      const [first, second] = inOrder(a.flow, b.flow);
      const names = [first, second].map(
        ({ connection, child }) => `${connection.name}/${child.name}`,
      );
      const key = names.join(' ');
      if (told.has(key)) return;
      told.add(key);
      const same = equalSelector(x, y) && equalSelector(a.remote, b.remote);
      const nested =
        (isSubset(x, y) && isSubset(a.remote, b.remote)) ||
        (isSubset(y, x) && isSubset(b.remote, a.remote));
      const outcome = same
        ? 'only one of them gets them'
        : nested
          ? 'the one with the narrower selectors gets them'
          : 'which one gets them depends on the order in which they come up';
      findings.add({
        severity: same || !nested ? 'warning' : 'note',
        code: 'overlap',
        position: placeOfFlow(second),
        section: `connections.${second.connection.name}.children.${second.child.name}`,
        message: `takes packets that child '${first.child.name}' of connection '${first.connection.name}' takes too (${printSelector(local)} to ${printSelector(remote)}): ${outcome}`,
      });
      return;
    }
  }
}

/** In the order of the file. */
function inOrder(a: Flow, b: Flow): readonly [Flow, Flow] {
  const [x, y] = [placeOfFlow(a), placeOfFlow(b)];
  const earlier =
    x.file === y.file ? x.line < y.line || (x.line === y.line && x.column < y.column) : true;
  return earlier ? [a, b] : [b, a];
}

function placeOfFlow({ connection, child }: Flow): ReturnType<typeof locate> {
  const found = childrenOf(connection.node).find(({ name }) => name === child.name);
  return locate(connection.node, found?.path ?? []);
}

/** Whether marks or interfaces keep the packets of two children apart. */
function apart(a: Flow, b: Flow): boolean {
  const differs = (x: IfIdConfig, y: IfIdConfig): boolean =>
    x.kind !== 'value' || y.kind !== 'value' || x.value !== y.value;
  if (differs(ifIdOf(a, 'ifIdOut'), ifIdOf(b, 'ifIdOut'))) return true;
  const [m, n] = [a.child.markOut, b.child.markOut];
  if (m.kind === 'none' && n.kind === 'none') return false;
  if (m.kind !== 'value' || n.kind !== 'value') return true;
  const common = (m.mask & n.mask) >>> 0;
  return (m.value & common) >>> 0 !== (n.value & common) >>> 0;
}

function ifIdOf({ value, child }: Flow, key: 'ifIdIn' | 'ifIdOut'): IfIdConfig {
  const own = child[key];
  return own.kind === 'value' && own.value === 0 ? value[key] : own;
}
