import { expect, test } from 'vitest';
import { Fields } from '../../../../daemon/cli/swanctl/fields.ts';
import { value } from '../../../../daemon/config/tree.ts';
import { utf8 } from '../../../../daemon/util/bytes.ts';
import { toHex } from '../../../../daemon/util/hex.ts';

test('a security label is printed as text that steers no terminal', () => {
  const label = (text: string) => new Fields([value('label', toHex(utf8(text)))]).label('label');
  expect(label('system_u:object_r:ipsec_spd_t:s0\0')).toBe('system_u:object_r:ipsec_spd_t:s0');
  expect(label('s0\u001b[2J\n')).toBe('s0?[2J?');
});
