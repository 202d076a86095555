import { printable } from '../util/bytes.ts';
import { printDn } from './distinguished-name.ts';
import type { Identity } from './identity.ts';
import { ConfiguredIdType as T } from './identity-types.ts';
import { ipFromBytes } from './ip-address.ts';

/**
 * The identity for people, logs and VICI: printable ASCII whatever the peer sent. A regular expression prints
 * as itself.
 */
export function printIdentity(identity: Identity): string {
  const { type, data, pattern } = identity;
  if (pattern !== undefined) return printable(data);
  switch (type) {
    case T.ANY:
      return '%any';
    case T.ID_IPV4_ADDR:
      return data.length === 4 ? ipFromBytes(data) : '(invalid ID_IPV4_ADDR)';
    case T.ID_IPV6_ADDR:
      return data.length === 16 ? ipFromBytes(data) : '(invalid ID_IPV6_ADDR)';
    case T.ID_IPV4_ADDR_SUBNET:
      return data.length === 8 ? printSubnet(data) : '(invalid ID_IPV4_ADDR_SUBNET)';
    case T.ID_IPV6_ADDR_SUBNET:
      return data.length === 32 ? printSubnet(data) : '(invalid ID_IPV6_ADDR_SUBNET)';
    case T.ID_IPV4_ADDR_RANGE:
      return data.length === 8 ? printRange(data) : '(invalid ID_IPV4_ADDR_RANGE)';
    case T.ID_IPV6_ADDR_RANGE:
      return data.length === 32 ? printRange(data) : '(invalid ID_IPV6_ADDR_RANGE)';
    case T.ID_FQDN:
    case T.ID_RFC822_ADDR:
    case T.ID_URI:
      return printable(data);
    case T.ID_DER_ASN1_DN:
      return printDn(data) ?? '(invalid ID_DER_ASN1_DN)';
    case T.ID_DER_ASN1_GN:
      return '(ASN.1 general name)';
    case T.ID_KEY_ID:
      return printKeyId(data);
    case T.ID_NULL:
      return '%null';
    default:
      return `(unknown ID type: ${type})`;
  }
}

function printSubnet(data: Uint8Array): string {
  const half = data.length / 2;
  let prefix = 0;
  for (const octet of data.subarray(half)) {
    prefix += Math.clz32(~(octet << 24));
    if (octet !== 0xff) break;
  }
  return `${ipFromBytes(data.subarray(0, half))}/${prefix}`;
}

function printRange(data: Uint8Array): string {
  const half = data.length / 2;
  return `${ipFromBytes(data.subarray(0, half))}-${ipFromBytes(data.subarray(half))}`;
}

// Twenty octets are most likely the SHA-1 of a public key, even if all happen to be printable.
function printKeyId(data: Uint8Array): string {
  const readable = data.every((octet) => octet >= 0x20 && octet <= 0x7e);
  if (readable && data.length !== 20) return printable(data);
  return Array.from(data, (octet) => octet.toString(16).padStart(2, '0')).join(':');
}
