import { expect, test } from 'vitest';
import { COUNTER_NAMES, Counters } from '../../../daemon/ike/counters.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';

const nonZero = (values: object | undefined): object =>
  Object.fromEntries(Object.entries(values ?? {}).filter(([, count]) => count !== 0));

test('messages are counted by exchange, direction and role, in all and per connection', () => {
  const counters = new Counters();
  counters.message(ExchangeType.IKE_SA_INIT, false, true, '');
  counters.message(ExchangeType.IKE_AUTH, true, false, 'gw');
  counters.message(ExchangeType.CREATE_CHILD_SA, false, false, 'gw');
  counters.message(ExchangeType.INFORMATIONAL, true, true, 'other');
  counters.message(43, true, true, 'gw');
  counters.count('child-rekey', 'gw');
  counters.count('invalid-spi');
  expect(Object.keys(counters.global)).toEqual([...COUNTER_NAMES]);
  expect(nonZero(counters.global)).toEqual({
    'ike-init-in-req': 1,
    'ike-auth-out-resp': 1,
    'create-child-out-req': 1,
    'info-in-resp': 1,
    'child-rekey': 1,
    'invalid-spi': 1,
  });
  expect(nonZero(counters.of('gw'))).toEqual({
    'ike-auth-out-resp': 1,
    'create-child-out-req': 1,
    'child-rekey': 1,
  });
  expect([...counters.ofConnections()].map(([name]) => name)).toEqual(['gw', 'other']);
});

test('sets are reset one by one, the global one by itself', () => {
  const counters = new Counters();
  for (const name of ['a', 'b']) counters.count('invalid', name);
  counters.resetConnection('a');
  expect([counters.of('a'), counters.of('b')?.invalid, counters.global.invalid]).toEqual([
    undefined,
    1,
    2,
  ]);
  counters.resetGlobal();
  expect([counters.of('b')?.invalid, counters.global.invalid]).toEqual([1, 0]);
  counters.resetConnection();
  expect(counters.of('b')).toBeUndefined();
});
