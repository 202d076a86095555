import { expect, test } from 'vitest';
import { NlmFlag, NlmType } from '../../../native/netlink-constants.ts';
import * as routeStructs from '../../../native/rtnetlink-structs.ts';
import { XfrmAttr, XfrmMsg } from '../../../native/xfrm-constants.ts';
import * as xfrmStructs from '../../../native/xfrm-structs.ts';
import { reference } from '../../support/native-reference.ts';

const layout = reference.layout();
const tables = [...Object.values(xfrmStructs), ...Object.values(routeStructs)].filter(
  ({ name }) => name !== 'none',
);

test.each(tables)('$name has the size and the offsets of the kernel header', (table) => {
  const header = layout[table.name];
  expect(header, 'the reference knows the structure').toBeDefined();
  expect(table.size).toBe(header?.size);
  const named = Object.entries(table.offsets).filter(
    // Fields that C leaves unnamed, or calls differently in its versions, are padding to both.
    ([field]) => !field.startsWith('__') && !/^res\d$/.test(field),
  );
  expect(Object.fromEntries(named)).toEqual(header?.offsets);
});

test('every structure of the reference has a table', () => {
  expect(tables.map(({ name }) => name).sort()).toEqual(Object.keys(layout).sort());
});

test('message and attribute numbers are those of the kernel header', () => {
  const numbers = reference.constants();
  const ours = Object.fromEntries([
    ...Object.entries(XfrmMsg).map(([name, value]) => [`XFRM_MSG_${name}`, value]),
    ...Object.entries(XfrmAttr).map(([name, value]) => [`XFRMA_${name}`, value]),
  ]);
  for (const [name, value] of Object.entries(numbers))
    expect([name, ours[name]]).toEqual([name, value]);
  // Newer than the header at hand, from the kernel's own sources.
  expect(XfrmAttr.SA_DIR).toBe(33);
  expect(XfrmAttr.NAT_KEEPALIVE_INTERVAL).toBe(34);
  expect(XfrmAttr.SA_PCPU).toBe(35);
  expect(XfrmAttr.IPTFS_PKT_SIZE).toBe(41);
});

test('flags and types of netlink(7)', () => {
  expect(NlmFlag).toMatchObject({ REQUEST: 1, ACK: 4, DUMP: 0x300, CREATE: 0x400, EXCL: 0x200 });
  expect(NlmType).toEqual({ NOOP: 1, ERROR: 2, DONE: 3, OVERRUN: 4 });
});
