import { type DerElement, DerTag, derElements } from '../proto/der.ts';

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const ENUMERATED = 0x0a;

/** What these octets most likely are, for people who handed in something else than what was expected. */
export function describeDer(octets: Uint8Array): string {
  if (octets.length === 0) return 'nothing';
  if (octets[0] !== DerTag.SEQUENCE) return `${octets.length} octets that are neither PEM nor DER`;
  const outer = derElements(octets, 2);
  if (outer === undefined) return lengthMistake(octets);
  const [element] = outer;
  if (element === undefined || outer.length !== 1) return 'DER with something after its end';
  const parts = derElements(element.contents, 16) ?? [];
  return shapeOf(parts) ?? 'DER of something else';
}

/** What PEM blocks of a label hold, if it is one that people mix up. */
export function describeLabel(label: string): string {
  const known = LABELS.get(label);
  return known === undefined ? `a PEM block '${label}'` : `${known} (PEM block '${label}')`;
}

const LABELS: ReadonlyMap<string, string> = new Map([
  ['CERTIFICATE', 'a certificate'],
  ['X509 CERTIFICATE', 'a certificate'],
  [
    'TRUSTED CERTIFICATE',
    'a certificate with trust settings of OpenSSL, convert it with openssl x509,',
  ],
  ['CERTIFICATE REQUEST', 'a certificate request'],
  ['X509 CRL', 'a CRL'],
  ['ATTRIBUTE CERTIFICATE', 'an attribute certificate'],
  ['PUBLIC KEY', 'a public key'],
  ['RSA PUBLIC KEY', 'a public key'],
  ['PRIVATE KEY', 'a private key'],
  ['RSA PRIVATE KEY', 'a private key'],
  ['EC PRIVATE KEY', 'a private key'],
  ['OPENSSH PRIVATE KEY', 'a private key'],
  ['ENCRYPTED PRIVATE KEY', 'an encrypted private key'],
  ['PKCS7', 'a PKCS#7 container'],
]);

function shapeOf(parts: readonly DerElement[]): string | undefined {
  const [first, second, third] = parts;
  const tags = parts.map(({ tag }) => tag);
  if (first?.tag === INTEGER) {
    const [version] = first.contents;
    if (second?.tag === DerTag.SEQUENCE)
      return version === 3
        ? 'a PKCS#12 container'
        : third?.tag === OCTET_STRING
          ? 'a private key'
          : undefined;
    if (second?.tag === OCTET_STRING || parts.length === 9) return 'a private key';
    return parts.length === 2 ? 'a public key' : undefined;
  }
  if (first?.tag === ENUMERATED) return 'an OCSP response';
  if (first?.tag !== DerTag.SEQUENCE) return undefined;
  if (tags.length === 2 && second?.tag === BIT_STRING) return 'a public key';
  if (tags.length === 2 && second?.tag === OCTET_STRING) return 'an encrypted private key';
  if (tags.length === 3 && third?.tag === BIT_STRING) return signedShape(first);
  return undefined;
}

/** What is signed: a certificate begins with its version in a tag of its own, a CRL goes on with its algorithm. */
function signedShape({ contents }: DerElement): string {
  const tags = (derElements(contents, 16) ?? []).map(({ tag }) => tag);
  if (tags[0] === 0xa0) return 'a certificate';
  if (tags[0] === INTEGER && tags[1] === DerTag.SEQUENCE && tags[2] === DerTag.SEQUENCE)
    return tags[3] === DerTag.SEQUENCE ? 'a certificate' : 'a CRL';
  if (tags[0] === INTEGER && tags[1] === DerTag.SEQUENCE) return 'an attribute certificate';
  return 'something signed';
}

function lengthMistake(octets: Uint8Array): string {
  const first = octets[1];
  if (first === undefined) return 'one octet of DER';
  const count = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || count > 4) return 'BER or garbage: its length is not one of DER';
  let length = count === 0 ? first : 0;
  for (let i = 0; i < count; i++) length = length * 256 + (octets[2 + i] ?? 0);
  const total = 2 + count + length;
  if (octets.length < total) return `truncated DER: ${octets.length} octets of ${total}`;
  return octets.length > total
    ? `DER of ${total} octets with ${octets.length - total} after its end`
    : 'garbage that begins like DER';
}
