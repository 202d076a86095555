import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parsePool } from '../../../daemon/config/pool.ts';
import { list, value } from '../../../daemon/config/tree.ts';
import { MAX_OFFLINE_LEASES } from '../../../daemon/pools/lease-pool.ts';
import { type Lease, PoolStore } from '../../../daemon/pools/pool-store.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import type { IpAddress } from '../../../daemon/proto/ip-address.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { ip } from '../../support/selectors.ts';

const id = (name: string) => parseIdentity(name, { allowRegex: false });

class Bench {
  readonly log = new MemoryLog();
  readonly store = new PoolStore(this.log);

  load(name: string, addrs: string, dns: readonly string[] = []) {
    return this.store.load(parsePool(name, [value('addrs', addrs), list('dns', dns)]));
  }

  take(
    who: string,
    {
      asked = '0.0.0.0',
      pools = ['a', 'b'],
      share = false,
      held = [] as readonly IpAddress[],
    } = {},
  ): Lease | undefined {
    const request = { identity: id(who), asked: ip(asked), share, held: new Set(held) };
    return this.store.acquire(pools, request, this.log);
  }

  get counts() {
    return this.store.list(undefined, false).map(({ online, offline }) => [online, offline]);
  }
}

function bench(first = '10.0.0.1-10.0.0.3', second?: string): Bench {
  const made = new Bench();
  made.load('a', first);
  if (second !== undefined) made.load('b', second);
  return made;
}

test('fresh addresses in order, then own ones again, then those of others that are away', () => {
  const b = bench();
  const [x, y, z] = [b.take('x'), b.take('y'), b.take('z')];
  expect([x, y, z].map((lease) => lease?.address)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
  expect(b.take('w')).toBeUndefined();
  expect(b.log.lines).toContain("pool 'a' is full, unable to assign address");
  y?.release();
  x?.release();
  expect(b.counts).toEqual([[1, 2]]);
  expect(b.log.lines).toContain("lease 10.0.0.1 by 'x' went offline");
  expect(b.take('x')?.address).toBe('10.0.0.1');
  // y is away for longer than anybody else.
  expect(b.take('w')?.address).toBe('10.0.0.2');
  expect(b.counts).toEqual([[3, 0]]);
  expect(b.take('y')).toBeUndefined();
});

test('a fresh address goes before one that is offline for another identity', () => {
  const b = bench();
  b.take('x')?.release();
  expect(b.take('y')?.address).toBe('10.0.0.2');
  expect(b.take('x')?.address).toBe('10.0.0.1');
});

test('an identity that is connected twice has two addresses', () => {
  const b = bench();
  expect([b.take('x'), b.take('x')].map((lease) => lease?.address)).toEqual([
    '10.0.0.1',
    '10.0.0.2',
  ]);
});

test('an address asked for is given if it is a lease of the same identity, online or not', () => {
  const b = bench();
  const [first, second] = [b.take('x'), b.take('x')];
  expect(b.take('x', { asked: '10.0.0.2' })?.address).toBe('10.0.0.2');
  first?.release();
  second?.release();
  // Two of three uses are gone, and the one that is left shares its address with none of them.
  expect(b.counts).toEqual([[1, 1]]);
  expect(b.take('x', { asked: '10.0.0.1' })?.address).toBe('10.0.0.1');
});

test('the address of somebody else is never given, online or offline', () => {
  const b = bench();
  const mine = b.take('x');
  expect(b.take('y', { asked: '10.0.0.1' })?.address).toBe('10.0.0.2');
  mine?.release();
  expect(b.take('z', { asked: '10.0.0.1' })?.address).toBe('10.0.0.3');
  // Nor is one that is free or not ours to give.
  const c = bench();
  expect(c.take('x', { asked: '10.0.0.3' })?.address).toBe('10.0.0.1');
  expect(c.take('y', { asked: '192.0.2.1' })?.address).toBe('10.0.0.2');
});

test('an IKE_SA that replaces another one may share its address', () => {
  const b = bench();
  const old = b.take('x');
  const fresh = b.take('x', { share: true });
  expect(fresh?.address).toBe('10.0.0.1');
  old?.release();
  old?.release();
  expect(b.counts).toEqual([[1, 0]]);
  fresh?.release();
  expect(b.counts).toEqual([[0, 1]]);
});

test('an IKE_SA never gets one address twice', () => {
  const b = bench();
  const first = b.take('x');
  const again = { share: true, held: [ip('10.0.0.1')] };
  expect(b.take('x', again)?.address).toBe('10.0.0.2');
  expect(
    b.take('x', { ...again, asked: '10.0.0.1', held: [ip('10.0.0.1'), ip('10.0.0.2')] })?.address,
  ).toBe('10.0.0.3');
  expect(first?.address).toBe('10.0.0.1');
});

test('pools are tried in order, each step over all of them, and by family', () => {
  const b = bench('10.0.0.1', '10.1.0.1-10.1.0.2');
  b.load('c', 'fd00::/64');
  const all = { pools: ['missing', 'a', 'c', 'b'] };
  expect(b.take('x', all)?.address).toBe('10.0.0.1');
  const second = b.take('y', all);
  expect(second?.address).toBe('10.1.0.1');
  expect(b.take('y', { ...all, asked: '::' })).toMatchObject({ address: 'fd00::1', pool: 'c' });
  second?.release();
  // A lease of its own in the second pool goes before a fresh address, wherever that is.
  expect(b.take('y', all)?.address).toBe('10.1.0.1');
  expect(b.take('z', { pools: ['c'] })).toBeUndefined();
});

test('loading: same range keeps leases, another one only replaces a pool without online leases', () => {
  const b = bench();
  const lease = b.take('x');
  expect(b.load('a', '10.0.0.1-10.0.0.3', ['10.9.9.9'])).toEqual({ ok: true });
  expect(b.store.attributes('a')).toHaveLength(1);
  expect(b.counts).toEqual([[1, 0]]);
  expect(b.load('a', '10.0.0.0/24')).toEqual({
    ok: false,
    errmsg: 'vici pool a has online leases, unable to replace',
  });
  expect(b.store.unload('a')).toEqual({
    ok: false,
    errmsg: 'a has online leases, unable to unload',
  });
  lease?.release();
  expect(b.load('a', '10.0.0.0/24')).toEqual({ ok: true });
  expect(b.store.list('a', true)).toEqual([
    { name: 'a', base: '10.0.0.1', size: 254, online: 0, offline: 0, leases: [] },
  ]);
  // What was given out before the pool was replaced is of no consequence for the new one.
  const fresh = b.take('y');
  lease?.release();
  expect([fresh?.address, ...b.counts]).toEqual(['10.0.0.1', [1, 0]]);
  fresh?.release();
  expect(b.store.unload('a')).toEqual({ ok: true });
  expect(b.store.unload('a')).toEqual({ ok: false, errmsg: 'a not found' });
});

test('overlapping pools are pointed out', () => {
  const b = bench('10.0.0.0/24', '10.0.0.128/25');
  expect(b.log.lines).toEqual(["pools 'b' and 'a' overlap: two peers may get the same address"]);
});

test('a lease is taken back after a restart, also before its pool is loaded', () => {
  const b = new Bench();
  const back = (who: string, address: string, pool = 'a') =>
    b.store.takeBack(pool, id(who), ip(address), b.log);
  const early = back('x', '10.0.0.2');
  const outside = back('w', '10.9.0.2');
  const gone = back('v', '10.0.0.3');
  gone.release();
  b.load('a', '10.0.0.1-10.0.0.3');
  expect(b.counts).toEqual([[1, 0]]);
  // Somebody else cannot have it, although it is fresh for the pool.
  const late = back('y', '10.0.0.2');
  expect([b.take('y'), b.take('z')].map((lease) => lease?.address)).toEqual([
    '10.0.0.1',
    '10.0.0.3',
  ]);
  late.release();
  outside.release();
  expect(b.counts).toEqual([[3, 0]]);
  early.release();
  early.release();
  expect(b.counts).toEqual([[2, 1]]);
  expect(b.take('x')?.address).toBe('10.0.0.2');
  // In a pool that is there already it counts at once.
  b.load('c', '10.7.0.0/24');
  const direct = back('u', '10.7.0.9', 'c');
  expect(b.store.unload('c').ok).toBe(false);
  direct.release();
  expect(b.store.unload('c').ok).toBe(true);
});

test('nor can anybody else have it if the pool goes by another name after the restart', () => {
  const b = new Bench();
  const kept = b.store.takeBack('old', id('x'), ip('10.0.0.1'), b.log);
  b.load('a', '10.0.0.1-10.0.0.3');
  b.load('b', '10.1.0.0/24');
  expect(b.counts).toEqual([
    [1, 0],
    [0, 0],
  ]);
  expect(b.take('y')?.address).toBe('10.0.0.2');
  expect(b.store.unload('a').ok).toBe(false);
  kept.release();
  expect(b.take('z', { asked: '10.0.0.1' })?.address).toBe('10.0.0.3');
  expect(b.take('x')?.address).toBe('10.0.0.1');
});

test('a /8 and a /64 cost no more than what was given out of them', () => {
  const b = bench('10.0.0.0/8');
  b.load('c', 'fd00::/64');
  const before = performance.now();
  for (let i = 0; i < 20_000; i++) {
    b.take(`peer-${i}`);
    b.take(`peer-${i}`, { asked: '::', pools: ['c'] });
  }
  expect(b.take('last')?.address).toBe('10.0.78.33');
  expect(performance.now() - before).toBeLessThan(5000);
});

test('offline leases of a large pool are bounded: the oldest is given again instead of a fresh one', {
  timeout: 30_000,
}, () => {
  const b = bench('10.0.0.0/8');
  for (let i = 0; i < MAX_OFFLINE_LEASES; i++) b.take(`peer-${i}`)?.release();
  expect(b.counts).toEqual([[0, MAX_OFFLINE_LEASES]]);
  expect(b.take('another')?.address).toBe('10.0.0.1');
  expect(b.counts).toEqual([[1, MAX_OFFLINE_LEASES - 1]]);
});

test('property: whatever happens, online addresses differ unless shared, and the counts are right', () => {
  const step = fc.record({
    who: fc.integer({ min: 0, max: 6 }),
    act: fc.constantFrom('take', 'take', 'share', 'ask', 'release'),
    asked: fc.integer({ min: 0, max: 7 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const b = bench('10.0.0.1-10.0.0.3', '10.1.0.1-10.1.0.2');
      const held: { who: number; lease: Lease }[] = [];
      for (const { who, act, asked } of steps) {
        if (act === 'release') {
          const index = held.findIndex((one) => one.who === who);
          if (index >= 0) held.splice(index, 1)[0]?.lease.release();
          continue;
        }
        const lease = b.take(`peer-${who}`, {
          share: act === 'share',
          ...(act === 'ask' ? { asked: `10.0.0.${asked}` } : {}),
        });
        if (lease !== undefined) held.push({ who, lease });
        // Refused only if every address is in use.
        else expect(new Set(held.map((one) => one.lease.address)).size).toBe(5);
      }
      const owners = new Map<IpAddress, Set<number>>();
      for (const { who, lease } of held) {
        owners.set(lease.address, (owners.get(lease.address) ?? new Set()).add(who));
      }
      for (const set of owners.values()) expect(set.size).toBe(1);
      const online = b.counts.reduce((sum, [one = 0]) => sum + one, 0);
      expect(online).toBe(owners.size);
      for (const view of b.store.list(undefined, true)) {
        expect(view.leases?.filter((lease) => lease.online)).toHaveLength(view.online);
        expect(view.leases).toHaveLength(view.online + view.offline);
        expect(view.online + view.offline).toBeLessThanOrEqual(view.size);
      }
    }),
    { numRuns: 300 },
  );
});
