import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressQuality } from '../../../daemon/config/address-match.ts';
import { ConnectionStore } from '../../../daemon/config/connection-store.ts';
import type { AddressSpec, ConnectionConfig } from '../../../daemon/config/connection-types.ts';
import { KnownNames } from '../../../daemon/config/known-names.ts';
import type { Endpoint } from '../../../daemon/proto/endpoint.ts';
import type { Identity } from '../../../daemon/proto/identity.ts';
import { matchIdentity, type RdnMatching } from '../../../daemon/proto/identity-match.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import type { IpAddress } from '../../../daemon/proto/ip-address.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';
import { authRound, childConfig, connectionConfig, hostSpec } from '../../support/connections.ts';

const names = new KnownNames();
names.set('gw.example', ['10.0.0.2' as IpAddress]);
const resolved = (name: string) => names.addressesOf(name);
const at = (address: string, port = 500): Endpoint => ({ address: address as IpAddress, port });
const fqdn = (text: string): Identity => ({ type: 2, data: utf8(text) });
const withRemoteId = (
  name: string,
  id: string,
  extra: Partial<ConnectionConfig> = {},
): ConnectionConfig => connectionConfig(name, { remote: [authRound({ id: fqdn(id) })], ...extra });
const storeOf = (...configs: readonly ConnectionConfig[]): ConnectionStore => {
  const store = new ConnectionStore({ names });
  for (const config of configs) store.load(config);
  return store;
};
const proposalsOf = (cipher: number): ConnectionConfig['proposals'] => [
  { number: 0, protocol: 1, spi: new Uint8Array(), transforms: [{ type: 1, id: cipher }] },
];
const namesOf = (configs: readonly ConnectionConfig[]): string[] => configs.map((c) => c.name);

describe('loading', () => {
  test('tells added, unchanged, updated and replaced apart', () => {
    const store = new ConnectionStore({ names });
    const make = (extra: Partial<ConnectionConfig> = {}): ConnectionConfig =>
      withRemoteId('gw', 'a', { children: new Map([['net', childConfig('net')]]), ...extra });
    expect(store.load(make()).outcome).toBe('added');
    expect(store.load(make()).outcome).toBe('unchanged');
    expect(
      store.load(make({ children: new Map([['net', childConfig('net', { reqid: 7 })]]) })).outcome,
    ).toBe('updated');
    expect(store.get('gw')?.children.get('net')?.reqid).toBe(7);
    const before = store.get('gw')?.children.get('net');
    const more = new Map([
      ['new', childConfig('new')],
      ['net', childConfig('net', { reqid: 7 })],
    ]);
    expect(store.load(make({ children: more })).outcome).toBe('updated');
    expect(store.get('gw')?.children.get('net')).toBe(before);
    expect(store.findChild('new')?.connection.name).toBe('gw');
    expect(store.load(make({ encap: true })).outcome).toBe('replaced');
    expect(store.load(withRemoteId('gw', 'b', { encap: true })).outcome).toBe('replaced');
    expect(store.size).toBe(1);
    expect(store.remove('gw')).toBe(true);
    expect(store.remove('gw')).toBe(false);
    expect(store.all()).toEqual([]);
    expect(store.findChild('net')).toBeUndefined();
  });

  test('what it was read from counts until something else is loaded or it is removed', () => {
    const store = new ConnectionStore();
    const gw = connectionConfig('gw');
    store.load(gw, 'one');
    expect([store.isLoadedFrom('gw', 'one'), store.isLoadedFrom('gw', 'two')]).toEqual([
      true,
      false,
    ]);
    expect(store.isLoadedFrom('other', 'one')).toBe(false);
    // The same in other words.
    expect(store.load(connectionConfig('gw'), 'two').outcome).toBe('unchanged');
    expect([store.isLoadedFrom('gw', 'one'), store.isLoadedFrom('gw', 'two')]).toEqual([
      false,
      true,
    ]);
    store.load({ ...gw, encap: true });
    expect(store.isLoadedFrom('gw', 'two')).toBe(false);
    store.load(gw, 'two');
    store.remove('gw');
    expect(store.isLoadedFrom('gw', 'two')).toBe(false);
  });

  test('what does not differ remains the same object when another takes its place', () => {
    const make = (extra: Partial<ConnectionConfig> = {}): ConnectionConfig =>
      withRemoteId('gw', 'a', {
        children: new Map(['net', 'more'].map((name) => [name, childConfig(name)])),
        ...extra,
      });
    const store = storeOf(make());
    const before = store.get('gw');
    store.load(make({ encap: true }));
    const after = store.get('gw');
    expect(after).toEqual(make({ encap: true }));
    expect(before).toEqual(make());
    expect(after?.remote).toBe(before?.remote);
    expect(after?.children).toBe(before?.children);
    const other = new Map([
      ['more', childConfig('more')],
      ['net', childConfig('net', { reqid: 7 })],
    ]);
    store.load(make({ encap: true, children: other }));
    expect(store.get('gw')).toEqual(make({ encap: true, children: other }));
    expect([...(store.get('gw')?.children.keys() ?? [])]).toEqual(['more', 'net']);
    expect(store.get('gw')?.children.get('more')).toBe(before?.children.get('more'));
    store.load(withRemoteId('gw', 'b', { encap: true, children: other }));
    const found = (id: string) =>
      namesOf(store.candidatesForAuth(at('10.0.0.1'), at('10.0.0.2'), undefined, fqdn(id)));
    expect([found('a'), found('b')]).toEqual([[], ['gw']]);
  });

  test('a replaced connection keeps its place', () => {
    const store = storeOf(connectionConfig('a'), connectionConfig('b'), connectionConfig('c'));
    store.load(connectionConfig('b', { encap: true }));
    expect(namesOf(store.all())).toEqual(['a', 'b', 'c']);
  });

  test('a name like __proto__ is a name', () => {
    const store = storeOf(connectionConfig('__proto__'));
    expect(store.get('__proto__')?.name).toBe('__proto__');
    expect(store.get('constructor')).toBeUndefined();
  });
});

test('findChild takes the connection loaded first unless one is named', () => {
  const children = new Map([['net', childConfig('net')]]);
  const store = storeOf(
    connectionConfig('none'),
    connectionConfig('a', { children }),
    connectionConfig('b', { children }),
  );
  expect(store.findChild('net')?.connection.name).toBe('a');
  expect(store.findChild('net', 'b')?.connection.name).toBe('b');
  expect(store.findChild('net', 'none')).toBeUndefined();
  expect(store.findChild('other')).toBeUndefined();
  store.remove('a');
  expect(store.findChild('net')?.connection.name).toBe('b');
});

describe('candidatesForInit', () => {
  const subnet: AddressSpec = {
    kind: 'subnet',
    text: '10.0.0.0/24',
    address: '10.0.0.0' as IpAddress,
    prefix: 24,
  };

  test('exact host before subnet before any, others not at all', () => {
    const store = storeOf(
      connectionConfig('any'),
      connectionConfig('subnet', { remoteAddrs: [subnet] }),
      connectionConfig('host', { remoteAddrs: [hostSpec('10.0.0.2')] }),
      connectionConfig('other', { remoteAddrs: [hostSpec('10.0.0.3')] }),
    );
    expect(namesOf(store.candidatesForInit(at('192.0.2.1'), at('10.0.0.2')))).toEqual([
      'host',
      'subnet',
      'any',
    ]);
    expect(namesOf(store.candidatesForInit(at('192.0.2.1'), at('10.0.0.9')))).toEqual([
      'subnet',
      'any',
    ]);
    expect(namesOf(store.candidatesForInit(at('192.0.2.1'), at('10.9.0.9')))).toEqual(['any']);
  });

  test('names count as the hosts they resolve to; families are kept apart', () => {
    const store = storeOf(
      connectionConfig('v6', { remoteAddrs: [{ kind: 'any', text: '%any6', family: 6 }] }),
      connectionConfig('name', { remoteAddrs: [{ kind: 'name', text: 'gw.example' }] }),
    );
    expect(namesOf(store.candidatesForInit(at('192.0.2.1'), at('10.0.0.2')))).toEqual(['name']);
    expect(namesOf(store.candidatesForInit(at('2001:db8::1'), at('2001:db8::2')))).toEqual(['v6']);
  });

  test('the remote end weighs double, a matching port one point', () => {
    const store = storeOf(
      connectionConfig('local', { localAddrs: [hostSpec('192.0.2.1')] }),
      connectionConfig('remote', { remoteAddrs: [hostSpec('10.0.0.2')] }),
    );
    expect(namesOf(store.candidatesForInit(at('192.0.2.1'), at('10.0.0.2')))).toEqual([
      'remote',
      'local',
    ]);
    const ports = storeOf(connectionConfig('500'), connectionConfig('4500', { remotePort: 4500 }));
    expect(namesOf(ports.candidatesForInit(at('192.0.2.1'), at('10.0.0.2', 4500)))).toEqual([
      '4500',
      '500',
    ]);
  });
});

describe('candidatesForAuth', () => {
  const auth = (store: ConnectionStore, id: string, localId?: string): string[] =>
    namesOf(
      store.candidatesForAuth(
        at('192.0.2.1'),
        at('10.0.0.2'),
        localId === undefined ? undefined : fqdn(localId),
        fqdn(id),
      ),
    );

  test('exact identity before pattern before any', () => {
    const store = storeOf(
      connectionConfig('any'),
      withRemoteId('pattern', '*.example'),
      withRemoteId('exact', 'Moon.example'),
      withRemoteId('other', 'sun.example'),
    );
    expect(auth(store, 'mOOn.example')).toEqual(['exact', 'pattern', 'any']);
    expect(auth(store, 'nobody')).toEqual(['any']);
  });

  test('a better address alone and a better identity alone keep the order of loading', () => {
    const host = connectionConfig('host', { remoteAddrs: [hostSpec('10.0.0.2')] });
    const identity = withRemoteId('identity', 'moon');
    expect(auth(storeOf(host, identity), 'moon')).toEqual(['host', 'identity']);
    expect(auth(storeOf(identity, host), 'moon')).toEqual(['identity', 'host']);
  });

  test('IDr of the peer must fit our identity', () => {
    const store = storeOf(
      connectionConfig('east', { local: [authRound({ id: fqdn('east') })] }),
      connectionConfig('west', { local: [authRound({ id: fqdn('west') })] }),
    );
    expect(auth(store, 'x', 'west')).toEqual(['west']);
    expect(auth(store, 'x')).toEqual(['east', 'west']);
    expect(auth(store, 'x', 'north')).toEqual([]);
  });
});

test('the indexes find what a scan of all connections finds', () => {
  const address = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.1.1', '2001:db8::1');
  const spec: fc.Arbitrary<AddressSpec> = fc.oneof(
    address.map(hostSpec),
    fc.constant<AddressSpec>({ kind: 'any', text: '%any' }),
    fc.constant<AddressSpec>({ kind: 'name', text: 'gw.example' }),
    fc.constant<AddressSpec>({
      kind: 'subnet',
      text: '10.0.0.0/24',
      address: '10.0.0.0' as IpAddress,
      prefix: 24,
    }),
    fc.constant<AddressSpec>({
      kind: 'range',
      text: '10.0.0.2-10.0.1.1',
      from: '10.0.0.2' as IpAddress,
      to: '10.0.1.1' as IpAddress,
    }),
  );
  const id = fc.constantFrom<Identity | undefined>(
    undefined,
    fqdn('a.example'),
    fqdn('A.example'),
    fqdn('b.example'),
    fqdn('*.example'),
    fqdn('*'),
    { type: 0, data: utf8('') },
    { type: 11, data: utf8('a.example') },
    ...[
      'a@b.example',
      '*@b.example',
      '*@B.Example',
      '192.0.2.7',
      '192.0.2.0/24',
      '192.0.2.1-192.0.2.9',
      'C=CH, O=Org, CN=one',
      'C=CH, O=org, CN=One',
      'C=CH, O=Org, CN=*',
      'O=Org, C=CH, CN=one',
      'C=*, O=*, CN=*',
      'C=CH, CN=one',
      '^.*EXAMPLE$',
    ].map((text) => parseIdentity(text, { allowRegex: true })),
  );
  const config = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    remove: fc.boolean(),
    /** Loads again what is there, read anew, with a change by which it is not found. */
    change: fc.boolean(),
    localAddrs: fc.array(spec, { minLength: 1, maxLength: 2 }),
    remoteAddrs: fc.array(spec, { minLength: 1, maxLength: 3 }),
    remotePort: fc.constantFrom(500, 4500),
    localId: id,
    remoteId: id,
    cipher: fc.constantFrom(12, 20),
  });
  const query = fc.record({
    local: address,
    remote: address,
    port: fc.constantFrom(500, 4500),
    localId: id,
    remoteId: id,
    matching: fc.constantFrom<RdnMatching>('strict', 'reordered', 'relaxed'),
  });
  fc.assert(
    fc.property(
      fc.array(config, { maxLength: 20 }),
      fc.array(query, { minLength: 1, maxLength: 5 }),
      (steps, queries) => {
        let matching: RdnMatching = 'strict';
        const store = new ConnectionStore({ names, rdnMatching: () => matching });
        const naive: ConnectionConfig[] = [];
        for (const step of steps) {
          const place = naive.findIndex((known) => known.name === step.name);
          const there = step.change ? naive[place] : undefined;
          const fresh = connectionConfig(step.name, {
            localAddrs: step.localAddrs,
            remoteAddrs: step.remoteAddrs,
            remotePort: step.remotePort,
            proposals: proposalsOf(step.cipher),
            local: [authRound(step.localId === undefined ? {} : { id: step.localId })],
            remote: [authRound(step.remoteId === undefined ? {} : { id: step.remoteId })],
          });
          const made =
            there === undefined ? fresh : { ...structuredClone(there), encap: !there.encap };
          if (step.remove) {
            store.remove(step.name);
            if (place >= 0) naive.splice(place, 1);
          } else {
            store.load(made);
            naive.splice(place < 0 ? naive.length : place, place < 0 ? 0 : 1, made);
          }
        }
        expect(store.all()).toEqual(naive);
        for (const q of queries) {
          matching = q.matching;
          const [local, remote] = [at(q.local), at(q.remote, q.port)];
          const score = (c: ConnectionConfig): number => {
            const here = addressQuality(c.localAddrs, local.address, resolved);
            const there = addressQuality(c.remoteAddrs, remote.address, resolved);
            if (here === 0 || there === 0) return 0;
            return (
              (here + (c.localPort === local.port ? 1 : 0)) * 8 +
              (there + (c.remotePort === remote.port ? 1 : 0)) * 16
            );
          };
          const alike = (c: ConnectionConfig): string =>
            JSON.stringify([c.localAddrs, c.remoteAddrs, c.remotePort, c.proposals]);
          const init = naive
            .filter((c, i) => score(c) > 0 && naive.findIndex((o) => alike(o) === alike(c)) === i)
            .sort((a, b) => score(b) - score(a));
          expect(namesOf(store.candidatesForInit(local, remote))).toEqual(namesOf(init));

          const received = q.remoteId ?? fqdn('b.example');
          const identity = (c: ConnectionConfig): number => {
            const [here, there] = [c.local[0]?.id, c.remote[0]?.id];
            const l =
              q.localId === undefined || here === undefined
                ? 1
                : matchIdentity(here, q.localId, matching);
            const r = there === undefined ? 1 : matchIdentity(there, received, matching);
            return l === 0 || r === 0 ? 0 : l + r;
          };
          const ranked: ConnectionConfig[] = [];
          for (const c of naive) {
            const [a, i] = [score(c), identity(c)];
            if (a === 0 || i === 0) continue;
            const beaten = ranked.findIndex(
              (o) => a >= score(o) && i >= identity(o) && (a > score(o) || i > identity(o)),
            );
            ranked.splice(beaten < 0 ? ranked.length : beaten, 0, c);
          }
          expect(namesOf(store.candidatesForAuth(local, remote, q.localId, received))).toEqual(
            namesOf(ranked),
          );
        }
      },
    ),
    { seed: 20261, numRuns: 1500 },
  );
});

// What an unauthenticated stranger makes us do must not grow with the number of road warriors.
test('ten thousand connections with equal addresses and proposals are one candidate for IKE_SA_INIT', () => {
  const store = new ConnectionStore();
  for (let i = 0; i < 10_000; i++) {
    store.load(
      withRemoteId(`rw${i}`, `user${i}.example`, { proposals: proposalsOf(12 + (i & 1)) }),
    );
  }
  const asked = (): readonly string[] =>
    namesOf(store.candidatesForInit(at('192.0.2.1'), at('10.1.1.1')));
  expect(asked()).toEqual(['rw0', 'rw1']);
  store.remove('rw0');
  expect(asked()).toEqual(['rw1', 'rw2']);
});
