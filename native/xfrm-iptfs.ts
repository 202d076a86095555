import { type CType, u16, u32 } from './c-struct.ts';
import {
  type Attribute,
  type Attributes,
  attribute,
  attributeBytes,
  readAttribute,
} from './nlmsg.ts';
import type { Iptfs } from './types.ts';
import { XfrmAttr } from './xfrm-constants.ts';

type Numbers = Exclude<keyof Iptfs, 'dontFragment'>;

/** The numbers of IP-TFS, in the order of their attributes. */
const fields: readonly (readonly [Numbers, keyof typeof XfrmAttr, CType<number>])[] = [
  ['dropTimeMicros', 'IPTFS_DROP_TIME', u32],
  ['reorderWindow', 'IPTFS_REORDER_WINDOW', u16],
  ['initDelayMicros', 'IPTFS_INIT_DELAY', u32],
  ['maxQueueOctets', 'IPTFS_MAX_QSIZE', u32],
  ['packetOctets', 'IPTFS_PKT_SIZE', u32],
];

/** The attributes of an SA in mode IPTFS. */
export function iptfsAttributes(iptfs: Iptfs): Attribute[] {
  const list: Attribute[] = [];
  for (const [name, attr, type] of fields) {
    const value = iptfs[name];
    if (value !== undefined) list.push(attribute(XfrmAttr[attr], type, value));
  }
  if (iptfs.dontFragment === true) {
    list.push(attributeBytes(XfrmAttr.IPTFS_DONT_FRAG, new Uint8Array()));
  }
  return list;
}

/** What came with an SA, `undefined` if nothing did. */
export function iptfsOf(attributes: Attributes): Iptfs | undefined {
  const found: Partial<Record<Numbers, number>> = {};
  for (const [name, attr, type] of fields) {
    const value = readAttribute(attributes, XfrmAttr[attr], type, `XFRMA_${attr}`);
    if (value !== undefined) found[name] = value;
  }
  const whole = attributes.has(XfrmAttr.IPTFS_DONT_FRAG);
  if (Object.keys(found).length === 0 && !whole) return undefined;
  return { ...found, ...(whole && { dontFragment: true }) };
}
