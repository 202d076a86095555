import type { PublicKey } from '../../contracts/signatures.ts';
import type {
  AddressFamilyBlocks,
  Certificate,
  DistributionPoint,
  GeneralName,
} from '../../credentials/x509/certificate.ts';
import { printDn } from '../../proto/distinguished-name.ts';
import { ipFromBytes } from '../../proto/ip-address.ts';
import { printable, utf8 } from '../../util/bytes.ts';
import { fromHex } from '../../util/hex.ts';
import { begunText, dateText, lastsText, type TimeStyle } from './cert-times.ts';

/** How certificates are printed: `short` leaves details out. */
export interface CertStyle extends TimeStyle {
  readonly short: boolean;
  readonly hash: (octets: Uint8Array) => Uint8Array;
}

/** A certificate as `--list-certs` lays it out. */
export function certificateText(
  certificate: Certificate,
  hasPrivateKey: boolean,
  style: CertStyle,
): string {
  const lines = [
    `subject:  "${printDn(certificate.subject) ?? ''}"`,
    `issuer:   "${printDn(certificate.issuer) ?? ''}"`,
    ...validityLines(certificate.notBefore, certificate.notAfter, style),
    `serial:    ${serialText(certificate.serial)}`,
    ...labelled('altNames:  ', certificate.subjectAltNames.map(nameText)),
    ...(style.short ? [] : details(certificate)),
    ...identifier('authkeyId: ', certificate.authorityKeyId?.keyId),
    ...identifier('subjkeyId: ', certificate.subjectKeyId ?? keyIdOf(certificate)),
    ...(certificate.publicKey === undefined
      ? []
      : publicKeyLines(certificate.publicKey, hasPrivateKey, style)),
  ];
  return indented(lines);
}

/** A raw public key as `--list-certs` lays it out. */
export function rawKeyText(
  key: PublicKey,
  about: {
    readonly subject: string | undefined;
    readonly notBefore: number | undefined;
    readonly notAfter: number | undefined;
    readonly hasPrivateKey: boolean;
  },
  style: CertStyle,
): string {
  const { subject, notBefore, notAfter } = about;
  return indented([
    ...(subject === undefined ? [] : [`subject:  "${subject}"`]),
    ...(notBefore === undefined || notAfter === undefined
      ? []
      : validityLines(notBefore, notAfter, style)),
    ...publicKeyLines(key, about.hasPrivateKey, style),
  ]);
}

/** A serial number, without the octet that only keeps it from being negative. */
export function serialText(serial: Uint8Array): string {
  return colons(serial[0] === 0 && serial.length > 1 ? serial.subarray(1) : serial);
}

/** Octets in hexadecimal with colons between. */
export function colons(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join(':');
}

/** Lines of a listing, two blanks before each. */
export function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}\n`).join('');
}

// What an issuer would have written into it.
function keyIdOf({ publicKey }: Certificate): Uint8Array | undefined {
  return publicKey === undefined ? undefined : fromHex(publicKey.keyId);
}

/** From when until when a certificate is valid. */
export function validityLines(notBefore: number, notAfter: number, style: TimeStyle): string[] {
  return [
    `validity:  not before ${dateText(notBefore, style)}, ${begunText(notBefore, style)}`,
    `           not after  ${dateText(notAfter, style)}, ${lastsText(notAfter, style)}`,
  ];
}

function publicKeyLines(
  { type, spki, keyId }: PublicKey,
  hasPrivateKey: boolean,
  style: CertStyle,
): string[] {
  const kind = type.kind.toUpperCase();
  return [
    `pubkey:    ${kind} ${type.bits} bits${hasPrivateKey ? ', has private key' : ''}`,
    `keyid:     ${colons(style.hash(spki))}`,
    `subjkey:   ${keyId.match(/../g)?.join(':') ?? ''}`,
  ];
}

/** What `--short` leaves out. */
function details(certificate: Certificate): string[] {
  const { basicConstraints, nameConstraints, policyConstraints, inhibitAnyPolicy } = certificate;
  const pathLength = basicConstraints?.pathLength;
  const constraints = [
    ...limit('requireExplicitPolicy', policyConstraints?.requireExplicit),
    ...limit('inhibitPolicyMapping', policyConstraints?.inhibitMapping),
    ...limit('inhibitAnyPolicy', inhibitAnyPolicy),
  ];
  return [
    `flags:     ${flags(certificate)
      .map((flag) => `${flag} `)
      .join('')}`,
    ...uriLines('CRL URIs:  ', certificate.crlDistributionPoints.flatMap(pointUris)),
    ...uriLines('OCSP URIs: ', certificate.ocspUris.map(shown)),
    ...(pathLength === undefined ? [] : [`pathlen:   ${pathLength}`]),
    ...block('permitted nameConstraints:', (nameConstraints?.permitted ?? []).map(nameText), 9),
    ...block('excluded nameConstraints:', (nameConstraints?.excluded ?? []).map(nameText), 9),
    ...block('certificatePolicies:', certificate.policies ?? [], 11),
    ...block(
      'policyMappings:',
      certificate.policyMappings.map(({ issuer, subject }) => `${issuer} => ${subject}`),
      9,
    ),
    ...block('policyConstraints:', constraints, 9),
    ...labelled('addresses: ', (certificate.addressBlocks ?? []).flatMap(blockTexts)),
  ];
}

function flags({ basicConstraints, keyUsage, extendedKeyUsage, ...names }: Certificate): string[] {
  const has = (...oids: readonly string[]): boolean =>
    (extendedKeyUsage ?? []).some((oid) => oids.includes(oid));
  const found: string[] = [];
  if (basicConstraints?.ca === true) found.push('CA');
  if (keyUsage?.has('cRLSign') === true) found.push('CRLSign');
  for (const [flag, oid] of PURPOSES) if (has(oid)) found.push(flag);
  if (names.issuerKey === names.subjectKey) found.push('self-signed');
  return found;
}

const PURPOSES = [
  ['ocspSigning', '1.3.6.1.5.5.7.3.9'],
  ['serverAuth', '1.3.6.1.5.5.7.3.1'],
  ['clientAuth', '1.3.6.1.5.5.7.3.2'],
  ['ikeIntermediate', '1.3.6.1.5.5.8.2.2'],
  ['msSmartcardLogon', '1.3.6.1.4.1.311.20.2.2'],
] as const;

function pointUris({ uris, crlIssuers }: DistributionPoint): string[] {
  const issuer = crlIssuers.find((name) => name.kind === 'directory');
  const suffix = issuer === undefined ? '' : ` (CRL issuer: ${nameText(issuer)})`;
  return uris.map((uri) => `${shown(uri)}${suffix}`);
}

/** A general name as listings print it. */
export function nameText(name: GeneralName): string {
  switch (name.kind) {
    case 'dns':
    case 'email':
    case 'uri':
      return shown(name.text);
    case 'directory':
      return printDn(name.name) ?? '';
    case 'ip':
      return addressText(name.octets);
    case 'other':
      return `(${name.oid})`;
    default:
      return `(${name.kind})`;
  }
}

// Whoever wrote a certificate must not steer the terminal.
function shown(text: string): string {
  return printable(utf8(text));
}

function addressText(octets: Uint8Array): string {
  if (octets.length === 4 || octets.length === 16) return ipFromBytes(octets);
  const half = octets.length / 2;
  const mask = octets.subarray(half);
  let bits = 0;
  for (const octet of mask) for (let bit = 0x80; bit > 0 && (octet & bit) !== 0; bit >>= 1) bits++;
  return `${ipFromBytes(octets.subarray(0, half))}/${bits}`;
}

function blockTexts({ ranges }: AddressFamilyBlocks): string[] {
  if (ranges === 'inherit') return ['inherit'];
  return ranges.map(({ from, to }) => {
    const bits = prefixOf(from, to);
    return bits === undefined
      ? `${ipFromBytes(from)}..${ipFromBytes(to)}`
      : `${ipFromBytes(from)}/${bits}`;
  });
}

/** Length of the prefix that a range is, if it is one. */
function prefixOf(from: Uint8Array, to: Uint8Array): number | undefined {
  const bit = (octets: Uint8Array, at: number): number =>
    ((octets[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
  let length = 0;
  const all = from.length * 8;
  while (length < all && bit(from, length) === bit(to, length)) length++;
  for (let at = length; at < all; at++)
    if (bit(from, at) !== 0 || bit(to, at) !== 1) return undefined;
  return length;
}

function limit(name: string, value: number | undefined): string[] {
  return value === undefined ? [] : [`${name}: ${value}`];
}

function identifier(label: string, octets: Uint8Array | undefined): string[] {
  return octets === undefined ? [] : [`${label}${colons(octets)}`];
}

function labelled(label: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${label}${items.join(', ')}`];
}

function uriLines(label: string, uris: readonly string[]): string[] {
  return uris.map((uri, i) => `${i === 0 ? label : ' '.repeat(label.length)}${uri}`);
}

function block(label: string, items: readonly string[], indent: number): string[] {
  return items.length === 0 ? [] : [label, ...items.map((item) => `${' '.repeat(indent)}${item}`)];
}
