import type { IpOctets, PolicyId, SaId } from './types.ts';

const protocols: Readonly<Record<number, string>> = { 50: 'esp', 51: 'ah', 108: 'comp' };

/** An address for error messages: dotted decimal, or eight groups without shortening. */
export function printAddress(address: IpOctets): string {
  if (address.length === 4) return address.join('.');
  const groups: string[] = [];
  for (let i = 0; i + 1 < address.length; i += 2) {
    groups.push((((address[i] ?? 0) << 8) | (address[i + 1] ?? 0)).toString(16));
  }
  return groups.join(':');
}

/** `esp 0xc0000001 to 192.0.2.1`. */
export function printSaId(id: SaId): string {
  const protocol = protocols[id.protocol] ?? `protocol ${id.protocol}`;
  return `${protocol} 0x${id.spi.toString(16).padStart(8, '0')} to ${printAddress(id.dst)}`;
}

/** `10.1.0.0/16 === 10.2.0.0/16 out`. */
export function printPolicyId(id: PolicyId): string {
  const { src, srcPrefix, dst, dstPrefix } = id.selector;
  const ends = `${printAddress(src)}/${srcPrefix} === ${printAddress(dst)}/${dstPrefix}`;
  return `${ends} ${id.direction}`;
}
