import { expect, test } from 'vitest';
import { MAX_POOL_ATTRIBUTES, type PoolConfig, parsePool } from '../../../daemon/config/pool.ts';
import { list, section, type Tree, type TreeEntry, value } from '../../../daemon/config/tree.ts';
import { toHex } from '../../../daemon/util/hex.ts';

const addrs = value('addrs', '10.3.0.0/24');
const pool = (...entries: readonly TreeEntry[]): PoolConfig => parsePool('p', [addrs, ...entries]);
const hex = (...entries: readonly TreeEntry[]): readonly string[] =>
  pool(...entries).attributes.map(({ type, value }) => `${type} ${toHex(value)}`);

test('the family of a value chooses the attribute', () => {
  expect(hex(list('dns', ['10.1.0.20', 'fd01::20']))).toEqual([
    '3 0a010014',
    '10 fd010000000000000000000000000020',
  ]);
  expect(hex(list('nbns', ['10.1.0.21']))).toEqual(['4 0a010015']);
  expect(hex(list('dhcp', ['10.1.0.22', 'fd01::22']))).toEqual([
    '6 0a010016',
    '12 fd010000000000000000000000000022',
  ]);
  expect(hex(list('netmask', ['255.255.255.0']))).toEqual(['2 ffffff00']);
  expect(hex(list('p_cscf', ['10.1.0.23', 'fd01::23']))).toEqual([
    '20 0a010017',
    '21 fd010000000000000000000000000023',
  ]);
  expect(hex(list('server', ['10.1.0.24']))).toEqual(['23456 0a010018']);
  expect(hex(list('address', ['10.3.0.9', 'fd03::9']))).toEqual([
    '1 0a030009',
    '8 fd03000000000000000000000000000980',
  ]);
});

test('networks carry a mask (IPv4) or a prefix length (IPv6), without host bits', () => {
  expect(hex(list('subnet', ['10.1.2.3/16', 'fd01::1/64', '10.9.0.1']))).toEqual([
    '13 0a010000ffff0000',
    '15 fd01000000000000000000000000000040',
    '13 0a090001ffffffff',
  ]);
  expect(hex(list('split_include', ['10.1.0.0/16']))).toEqual(['28676 0a010000ffff0000']);
  expect(hex(list('split_exclude', ['10.2.0.0/0']))).toEqual(['28678 0000000000000000']);
});

test('attributes by number take addresses, networks and text', () => {
  expect(
    hex(list('25', ['example.org']), list('3', ['10.1.0.1']), list('13', ['10.0.0.0/8'])),
  ).toEqual(['25 6578616d706c652e6f7267', '3 0a010001', '13 0a000000ff000000']);
});

test.each<[string, Tree, string]>([
  ['no addrs', [], "missing addrs for pool 'p'"],
  ['addrs twice', [addrs, addrs], 'multiple addrs defined'],
  ['a name', [value('addrs', 'example.org')], 'invalid addrs value: example.org'],
  ['octets that are no text', [value('addrs', Uint8Array.of(1, 2))], 'invalid addrs value'],
  ['no octets', [value('addrs', '')], 'invalid addrs value'],
  ['addrs as list', [list('addrs', ['10.0.0.0/8'])], 'invalid attribute: addrs'],
  ['an unknown name', [addrs, list('wins', ['10.0.0.1'])], 'invalid attribute: wins'],
  ['an attribute as a value', [addrs, value('dns', '10.0.0.1')], 'invalid attribute: dns'],
  ['a section', [addrs, section('dns', [])], 'invalid attribute: dns'],
  ['number 0', [addrs, list('0', ['x'])], 'invalid attribute: 0'],
  ['a number of 16 bits', [addrs, list('32768', ['x'])], 'invalid attribute: 32768'],
  ['a host name', [addrs, list('dns', ['ns.example.org'])], 'invalid attribute value for dns'],
  ['a network as server', [addrs, list('dns', ['10.0.0.0/8'])], 'invalid attribute value for dns'],
  [
    'a prefix too long',
    [addrs, list('subnet', ['10.0.0.0/33'])],
    'invalid attribute value for subnet',
  ],
  ['unprintable text', [addrs, list('25', [Uint8Array.of(7)])], 'invalid attribute value for 25'],
  ['endless text', [addrs, list('25', ['x'.repeat(1025)])], 'invalid attribute value for 25'],
])('%s is refused', (_what, tree, message) => {
  expect(() => parsePool('p', tree)).toThrow(message);
});

test('the number of attributes is limited', () => {
  const servers = Array.from({ length: MAX_POOL_ATTRIBUTES }, (_, i) => `10.0.0.${i}`);
  expect(pool(list('dns', servers)).attributes).toHaveLength(MAX_POOL_ATTRIBUTES);
  expect(() => pool(list('dns', [...servers, '10.0.1.1']))).toThrow('at most 64');
});
