import { DerTag, derElement } from '../../proto/der.ts';
import { concatBytes, latin1 } from '../../util/bytes.ts';
import { fromHex } from '../../util/hex.ts';

const INTEGER = 0x02;

/**
 * A public key as `leftsigkey` may write it: `0x` or `0s` and PKCS#1 or SubjectPublicKeyInfo, after `dns:` the key of RFC 3110, after
 * `ssh:` that of RFC 4253. The result is `0s` and DER in base64, as swanctl.conf writes it; `undefined` if it is none of them.
 */
export function rawKeyText(text: string): string | undefined {
  const [, form, written = ''] = /^(?:(dns|ssh):)?(0[xs].+)$/i.exec(text) ?? [];
  const octets = octetsOf(written);
  if (octets === undefined || octets.length === 0) return undefined;
  const der =
    form === undefined ? octets : form.toLowerCase() === 'dns' ? dnsKey(octets) : sshKey(octets);
  return der === undefined ? undefined : `0s${btoa(String.fromCharCode(...der))}`;
}

function octetsOf(text: string): Uint8Array | undefined {
  const body = text.slice(2);
  if (/^0x/i.test(text)) return fromHex(body.replaceAll(/[:_]/g, ''));
  try {
    return Uint8Array.from(atob(body), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** RFC 3110 section 2: the length of the exponent in one octet, or in two after a zero; the exponent; the modulus. */
function dnsKey(octets: Uint8Array): Uint8Array | undefined {
  const short = octets[0] ?? 0;
  const long = ((octets[1] ?? 0) << 8) | (octets[2] ?? 0);
  const [start, length] = short === 0 ? [3, long] : [1, short];
  const modulus = octets.subarray(start + length);
  if (length === 0 || modulus.length === 0) return undefined;
  return rsaKey(octets.subarray(start, start + length), modulus);
}

/** RFC 4253 section 6.6 (RSA), RFC 8709 (EdDSA) and RFC 5656 (ECDSA). */
function sshKey(octets: Uint8Array): Uint8Array | undefined {
  const [name, ...rest] = sshStrings(octets) ?? [];
  if (name === undefined) return undefined;
  const kind = latin1(name);
  const [first, second] = rest;
  if (kind === 'ssh-rsa') return first && second && rsaKey(first, second);
  const key = kind.startsWith('ecdsa-sha2-') ? second : first;
  const algorithm = SSH_ALGORITHMS.get(kind);
  if (algorithm === undefined || key === undefined) return undefined;
  const oids = algorithm.map((hex) => derElement(DerTag.OID, fromHex(hex) ?? new Uint8Array()));
  return derElement(
    DerTag.SEQUENCE,
    derElement(DerTag.SEQUENCE, ...oids),
    derElement(0x03, Uint8Array.of(0), key),
  );
}

/** Object identifiers of SubjectPublicKeyInfo by names of SSH. */
const SSH_ALGORITHMS: ReadonlyMap<string, readonly string[]> = new Map([
  ['ssh-ed25519', ['2b6570']],
  ['ssh-ed448', ['2b6571']],
  ['ecdsa-sha2-nistp256', ['2a8648ce3d0201', '2a8648ce3d030107']],
  ['ecdsa-sha2-nistp384', ['2a8648ce3d0201', '2b81040022']],
  ['ecdsa-sha2-nistp521', ['2a8648ce3d0201', '2b81040023']],
]);

function sshStrings(octets: Uint8Array): readonly Uint8Array[] | undefined {
  const strings: Uint8Array[] = [];
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  let offset = 0;
  while (offset < octets.length) {
    if (offset + 4 > octets.length) return undefined;
    const end = offset + 4 + view.getUint32(offset);
    if (end > octets.length) return undefined;
    strings.push(octets.subarray(offset + 4, end));
    offset = end;
  }
  return strings;
}

/** RSAPublicKey, RFC 8017 appendix A.1.1. */
function rsaKey(exponent: Uint8Array, modulus: Uint8Array): Uint8Array {
  return derElement(DerTag.SEQUENCE, integer(modulus), integer(exponent));
}

function integer(octets: Uint8Array): Uint8Array {
  const first = octets.findIndex((octet) => octet !== 0);
  const plain = first < 0 ? Uint8Array.of(0) : octets.subarray(first);
  const sign = (plain[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array();
  return derElement(INTEGER, concatBytes(sign, plain));
}
