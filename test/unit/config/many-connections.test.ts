import { expect, test } from 'vitest';
import { ConnectionStore } from '../../../daemon/config/connection-store.ts';
import type { AddressSpec, ConnectionConfig } from '../../../daemon/config/connection-types.ts';
import { KnownNames } from '../../../daemon/config/known-names.ts';
import type { Endpoint } from '../../../daemon/proto/endpoint.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import type { IpAddress } from '../../../daemon/proto/ip-address.ts';
import { authRound, childConfig, connectionConfig, hostSpec } from '../../support/connections.ts';
import { ip } from '../../support/selectors.ts';

const MANY = 10_000;
const LAST = MANY - 1;
const HERE: Endpoint = { address: '192.0.2.1' as IpAddress, port: 500 };
const at = (address: string): Endpoint => ({ address: ip(address), port: 500 });
const id = (text: string) => parseIdentity(text, { allowRegex: true });
/** Host number i of 10.0.0.0/8, and network number i of 10.0.0.0/8 with 24 bits. */
const host = (i: number): string => `10.7.${i >> 8}.${i & 255}`;
const net = (i: number): string => `10.${i >> 8}.${i & 255}.0`;
const subnet = (text: string, prefix: number): AddressSpec => ({
  kind: 'subnet',
  text: `${text}/${prefix}`,
  address: ip(text),
  prefix,
});
const own = (text: string) => [authRound({ id: id(text) })];

/** Ten thousand connections that differ in one thing, and who had to be looked at. */
class Crowd {
  readonly names = new KnownNames();
  readonly store = new ConnectionStore({ names: this.names });
  /** Connections whose addresses or identities somebody asked for. */
  readonly seen = new Set<string>();
  /** What {@link seen} was while they were loaded is of no interest. */
  #watching = false;

  constructor(make: (i: number) => Partial<ConnectionConfig>) {
    for (let i = 0; i < MANY; i++) {
      const config = connectionConfig(`c${i}`, make(i));
      const watched = new Proxy(config, {
        get: (target, key) => {
          if (this.#watching && key !== 'name') this.seen.add(target.name);
          return Reflect.get(target, key);
        },
      });
      this.store.load(watched);
    }
    this.#watching = true;
  }

  auth(remote: Endpoint, remoteId: string, localId?: string): readonly string[] {
    const asked = localId === undefined ? undefined : id(localId);
    return this.store.candidatesForAuth(HERE, remote, asked, id(remoteId)).map((c) => c.name);
  }

  init(remote: Endpoint, local = HERE): readonly string[] {
    return this.store.candidatesForInit(local, remote).map((c) => c.name);
  }
}

test.each<[what: string, make: (i: number) => string, peer: string]>([
  ['names', (i) => `user${i}.example`, `USER${LAST}.example`],
  ['mail addresses', (i) => `user${i}@example`, `user${LAST}@example`],
  ['addresses', host, host(LAST)],
  ['patterns of names', (i) => `*.site${i}.example`, `x.site${LAST}.example`],
  ['patterns of mail addresses', (i) => `*@site${i}.example`, `x@site${LAST}.example`],
  ['distinguished names', (i) => `C=CH, O=Org, CN=c${i}`, `C=CH, O=Org, CN=c${LAST}`],
  ['patterns of distinguished names', (i) => `O=Org, OU=o${i}, CN=*`, `O=Org, OU=o${LAST}, CN=any`],
])('one of many by %s of peers', (_what, make, peer) => {
  const crowd = new Crowd((i) => ({ remote: own(make(i)) }));
  expect(crowd.auth(at('10.1.1.1'), peer)).toEqual([`c${LAST}`]);
  // The first of all stands for the addresses that they share.
  expect(crowd.seen).toEqual(new Set(['c0', `c${LAST}`]));
  // Nobody, of a kind that is there and of one that is not.
  for (const nobody of ['nobody.example', 'C=CH, O=Other, CN=x', 'x@nobody.example', 'fe80::7'])
    expect(crowd.auth(at('10.1.1.1'), nobody)).toEqual([]);
  expect(crowd.seen.size).toBe(2);
});

test('one of many by the identity that the peer asks us for', () => {
  const crowd = new Crowd((i) => ({ local: own(`gw${i}.example`) }));
  expect(crowd.auth(at('10.1.1.1'), 'anybody', `gw${LAST}.example`)).toEqual([`c${LAST}`]);
  expect(crowd.seen).toEqual(new Set(['c0', `c${LAST}`]));
});

test.each<[what: string, make: (i: number) => AddressSpec, peer: string]>([
  ['hosts', (i) => hostSpec(host(i)), host(LAST)],
  ['subnets', (i) => subnet(net(i), 24), net(LAST).replace(/0$/, '77')],
  [
    'ranges',
    (i) => ({ kind: 'range', text: `r${i}`, from: ip(net(i)), to: ip(net(i).replace(/0$/, '99')) }),
    net(LAST).replace(/0$/, '98'),
  ],
])('one of many by %s that peers connect from', (_what, make, peer) => {
  const crowd = new Crowd((i) => ({ remoteAddrs: [make(i)] }));
  expect(crowd.init(at(peer))).toEqual([`c${LAST}`]);
  expect(crowd.auth(at(peer), 'anybody')).toEqual([`c${LAST}`]);
  expect(crowd.init(at('192.0.2.200'))).toEqual([]);
  expect(crowd.seen).toEqual(new Set([`c${LAST}`]));
});

test('one of many by DNS names, as they resolve now', () => {
  const crowd = new Crowd((i) => ({ remoteAddrs: [{ kind: 'name', text: `gw${i}.example` }] }));
  for (let i = 0; i < MANY; i++) crowd.names.set(`gw${i}.example`, [ip(host(i))]);
  expect(crowd.init(at(host(LAST)))).toEqual([`c${LAST}`]);
  crowd.names.set(`gw${LAST}.example`, [ip('192.0.2.9')]);
  expect(crowd.init(at(host(LAST)))).toEqual([]);
  expect(crowd.init(at('192.0.2.9'))).toEqual([`c${LAST}`]);
  expect(crowd.seen).toEqual(new Set([`c${LAST}`]));
});

test('one of many by our own addresses, for any peer', () => {
  const crowd = new Crowd((i) => ({ localAddrs: [hostSpec(host(i))] }));
  expect(crowd.init(at('192.0.2.9'), at(host(LAST)))).toEqual([`c${LAST}`]);
  expect(crowd.seen).toEqual(new Set([`c${LAST}`]));
});

// What an unauthenticated stranger makes us do must not grow with the number of road warriors.
test('many with equal addresses and proposals are one candidate for IKE_SA_INIT', () => {
  const crowd = new Crowd((i) => ({ remote: own(`user${i}.example`) }));
  expect(crowd.init(at('10.1.1.1'))).toEqual(['c0']);
  expect(crowd.seen).toEqual(new Set(['c0']));
});

test('by name and by child nobody else is looked at', () => {
  const crowd = new Crowd((i) => ({ children: new Map([[`net${i}`, childConfig(`net${i}`)]]) }));
  expect(crowd.store.get(`c${LAST}`)?.name).toBe(`c${LAST}`);
  expect(crowd.store.findChild(`net${LAST}`)?.connection.name).toBe(`c${LAST}`);
  expect(crowd.store.findChild('nobody')).toBeUndefined();
  expect(crowd.seen).toEqual(new Set([`c${LAST}`]));
});

test('loading one again looks at that one; removing all leaves nothing behind', () => {
  const make = (i: number): Partial<ConnectionConfig> => ({
    remote: own(i & 1 ? `*.u${i}.example` : `C=CH, CN=u${i}`),
    remoteAddrs: [subnet(net(i), 24)],
  });
  const crowd = new Crowd(make);
  const again = connectionConfig(`c${LAST}`, make(LAST));
  expect(crowd.store.load(again).outcome).toBe('unchanged');
  expect(crowd.store.load({ ...again, dpdDelay: 9 })).toMatchObject({ keys: ['dpd_delay'] });
  expect(crowd.seen).toEqual(new Set([`c${LAST}`]));
  for (let i = 0; i < MANY; i++) expect(crowd.store.remove(`c${i}`)).toBe(true);
  expect(crowd.store.all()).toEqual([]);
  expect(crowd.init(at(net(5)))).toEqual([]);
});
