import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from '../../../daemon/util/secret.ts';

test('SEC-86 a secret prints as [secret] in every way of printing', () => {
  const secret = new Secret(Uint8Array.of(0x68, 0x75, 0x6e, 0x74, 0x65, 0x72, 0x32));
  expect(`${secret}`).toBe('[secret]');
  expect(JSON.stringify({ secret })).toBe('{"secret":"[secret]"}');
  expect(inspect({ secret }, { showHidden: true, depth: 5 })).toContain('[secret]');
  expect(inspect(secret)).not.toMatch(/68|104|hunter/);
});

test('a wiped secret is zero in memory and cannot be used', () => {
  const octets = Uint8Array.of(1, 2, 3);
  const secret = new Secret(octets);
  secret[Symbol.dispose]();
  secret[Symbol.dispose]();
  expect([...octets]).toEqual([0, 0, 0]);
  expect(() => secret.bytes).toThrow('wiped');
});
