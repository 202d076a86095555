import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addressAttribute,
  MAX_NAME_SERVERS,
  MAX_VIRTUAL_IPS,
  readConfig,
  wantedAttributes,
} from '../../../daemon/ike/config-payload.ts';
import { ipFromBytes, parseIp } from '../../../daemon/proto/ip-address.ts';
import type { ConfigAttribute } from '../../../daemon/proto/payload.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';
import { ip } from '../../support/selectors.ts';

const attribute = (type: number, ...octets: readonly number[]): ConfigAttribute => ({
  type,
  value: Uint8Array.from(octets),
});

test('what is asked for: any address has no value, and DNS only of the families asked for', () => {
  expect(wantedAttributes([ip('0.0.0.0')], true)).toEqual([attribute(1), attribute(3)]);
  expect(wantedAttributes([ip('::'), ip('10.3.0.1')], true)).toEqual([
    attribute(8),
    attribute(1, 10, 3, 0, 1),
    attribute(3),
    attribute(10),
  ]);
  expect(wantedAttributes([ip('0.0.0.0')], false)).toEqual([attribute(1)]);
});

test('addresses are read as they are written, with and without a prefix length', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(4, 16).chain((n) => fc.uint8Array({ minLength: n, maxLength: n })),
      (octets) => {
        const address = ipFromBytes(octets);
        expect(readConfig([addressAttribute(address)]).addresses).toEqual([address]);
      },
    ),
  );
  expect(readConfig([attribute(8, ...new Array<number>(16).fill(1))]).addresses).toEqual([
    '101:101:101:101:101:101:101:101',
  ]);
  expect(
    readConfig([attribute(1), attribute(8), attribute(8, ...new Array<number>(17).fill(0))]),
  ).toMatchObject({ addresses: ['0.0.0.0', '::', '::'], malformed: [] });
});

test('domains are lower case, without a final dot, and only letters, digits, hyphens and dots', () => {
  const read = (text: string) => readConfig([{ type: 25, value: utf8(text) }]).domains;
  expect(read('Corp.Example.')).toEqual(['corp.example']);
  expect(read('a-b.c1')).toEqual(['a-b.c1']);
  for (const text of ['-a', 'a-', 'a b', 'a\nb', '..', 'ä', `${'a'.repeat(64)}.b`, 'a/b', '$a']) {
    expect(read(text)).toEqual([]);
  }
});

test('SEC-66: whatever the attributes are, little is taken and nothing throws', () => {
  const any = fc.record({
    type: fc.oneof(fc.constantFrom(1, 3, 8, 10, 25), fc.integer({ min: 0, max: 0x7fff })),
    value: fc.uint8Array({ maxLength: 40 }),
  });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 256 }), (attributes) => {
      const { addresses, nameServers, domains, malformed } = readConfig(attributes);
      expect(addresses.length).toBeLessThanOrEqual(MAX_VIRTUAL_IPS);
      expect(nameServers.length).toBeLessThanOrEqual(MAX_NAME_SERVERS);
      for (const address of [...addresses, ...nameServers]) expect(parseIp(address)).toBe(address);
      for (const domain of domains) expect(domain).toMatch(/^[a-z0-9.-]+$/);
      expect(malformed.length).toBeLessThanOrEqual(attributes.length);
    }),
  );
});
