import { compareBytes } from '../../util/bytes.ts';
import type { AddressFamilyBlocks } from './certificate.ts';
import { X509Error } from './decoded.ts';
import { type DerItem, DerReader, Tag } from './der-reader.ts';

const MAX_FAMILIES = 16;
const MAX_RANGES = 4096;

type Range = { readonly from: Uint8Array; readonly to: Uint8Array };

/** IPAddrBlocks of RFC 3779 section 2.2.3: one entry a family, its ranges ascending and apart from each other. */
export function addressBlocks(value: Uint8Array, field: string): AddressFamilyBlocks[] {
  const seen = new Set<string>();
  return new DerReader(value, field)
    .enter(Tag.SEQUENCE, 'families')
    .all(Tag.SEQUENCE, 'family', MAX_FAMILIES)
    .map((item, i) => {
      const path = `${field}[${i}]`;
      const reader = new DerReader(item.contents, path);
      const id = reader.take(Tag.OCTET_STRING, 'addressFamily').contents;
      const choice = reader.any('ipAddressChoice');
      reader.end();
      if (seen.has(id.join())) throw new X509Error(path, 'a family that was there before');
      seen.add(id.join());
      return family(id, choice, path);
    });
}

function family(id: Uint8Array, choice: DerItem, field: string): AddressFamilyBlocks {
  const [high, low, safi] = id;
  const known = high === 0 && (low === 1 || low === 2) && id.length <= 3;
  if (!known) throw new X509Error(`${field}.addressFamily`, 'neither IPv4 nor IPv6');
  const number = low === 1 ? 4 : 6;
  return {
    family: number,
    ...(safi === undefined ? {} : { safi }),
    ranges: choice.tag === Tag.NULL ? 'inherit' : ranges(choice, number === 4 ? 4 : 16, field),
  };
}

function ranges(choice: DerItem, octets: number, field: string): Range[] {
  if (choice.tag !== Tag.SEQUENCE) throw new X509Error(field, 'neither inherit nor addresses');
  const reader = new DerReader(choice.contents, field);
  const found: Range[] = [];
  while (!reader.done) {
    if (found.length === MAX_RANGES) throw new X509Error(field, `more than ${MAX_RANGES} ranges`);
    const range = rangeOf(reader.any('addressOrRange'), octets, `${field}[${found.length}]`);
    const last = found.at(-1);
    if (compareBytes(range.from, range.to) > 0)
      throw new X509Error(field, 'a range that ends before it begins');
    if (last !== undefined && compareBytes(last.to, range.from) >= 0)
      throw new X509Error(field, 'ranges that overlap or do not ascend');
    found.push(range);
  }
  return found;
}

function rangeOf(item: DerItem, octets: number, field: string): Range {
  if (item.tag === Tag.BIT_STRING) {
    const bits = item.contents;
    return { from: filled(bits, octets, 0, field), to: filled(bits, octets, 0xff, field) };
  }
  if (item.tag !== Tag.SEQUENCE) throw new X509Error(field, 'neither prefix nor range');
  const reader = new DerReader(item.contents, field);
  const min = reader.take(Tag.BIT_STRING, 'min').contents;
  const max = reader.take(Tag.BIT_STRING, 'max').contents;
  reader.end();
  return { from: filled(min, octets, 0, field), to: filled(max, octets, 0xff, field) };
}

// The bits that are there, the others all 0 or all 1.
function filled(contents: Uint8Array, octets: number, fill: number, field: string): Uint8Array {
  const unused = contents[0] ?? 0;
  const given = contents.subarray(1);
  if (given.length > octets)
    throw new X509Error(field, `${given.length} octets of an address of ${octets}`);
  const address = new Uint8Array(octets).fill(fill);
  address.set(given);
  const last = given.length - 1;
  if (last >= 0) address[last] = (given[last] ?? 0) | (fill & ((1 << unused) - 1));
  return address;
}
