import type { Crl, OcspResponse } from '../../credentials/x509/certificate.ts';
import { DerReader, Tag } from '../../credentials/x509/der-reader.ts';
import { printDn } from '../../proto/distinguished-name.ts';
import { fromHex } from '../../util/hex.ts';
import { type CertStyle, colons, indented, serialText } from './cert-text.ts';
import { dateText, lastsText, type TimeStyle } from './cert-times.ts';

/** A CRL as `--list-certs` lays it out; `--short` leaves the entries out. */
export function crlText(crl: Crl, style: CertStyle): string {
  const keyId = crl.authorityKeyId?.keyId;
  const revoked = `${crl.size} revoked certificate${crl.size === 1 ? '' : 's'}`;
  return indented([
    `issuer:   "${printDn(crl.issuer) ?? ''}"`,
    ...updateLines(crl.thisUpdate, crl.nextUpdate, style),
    ...(crl.crlNumber === undefined ? [] : [`serial:    ${colons(octetsOf(crl.crlNumber))}`]),
    ...(crl.baseCrlNumber === undefined
      ? []
      : [`delta CRL: for serial ${colons(octetsOf(crl.baseCrlNumber))}`]),
    `authKeyId: ${keyId === undefined ? '' : colons(keyId)}`,
    ...(style.short || crl.size === 0 ? [revoked] : [`${revoked}:`, ...entryLines(crl, style)]),
  ]);
}

function entryLines(crl: Crl, style: TimeStyle): string[] {
  return serials(crl.tbs).flatMap((serial) => {
    const entry = crl.find(crl.issuerKey, serial);
    if (entry === undefined) return [];
    return [`  ${serialText(serial)}: ${dateText(entry.date, style)}, ${reasonText(entry.reason)}`];
  });
}

/** Serial numbers of the entries, in order. */
function serials(tbs: Uint8Array): readonly Uint8Array[] {
  const fields = new DerReader(tbs, 'crl').enter(Tag.SEQUENCE, 'tbs');
  while (fields.tag === Tag.INTEGER || fields.tag === Tag.SEQUENCE) fields.any('field');
  while (fields.tag === Tag.UTC_TIME || fields.tag === Tag.GENERALIZED_TIME) fields.any('time');
  const list = fields.optional(Tag.SEQUENCE, 'revokedCertificates');
  const found: Uint8Array[] = [];
  const entries = new DerReader(list?.contents ?? new Uint8Array(0), 'crl.revokedCertificates');
  while (!entries.done) {
    found.push(entries.enter(Tag.SEQUENCE, 'entry').take(Tag.INTEGER, 'serial').contents);
  }
  return found;
}

/** An OCSP response as `--list-certs` lays it out. */
export function ocspText(response: OcspResponse, style: CertStyle): string {
  const { responder } = response;
  const issuer = 'name' in responder ? (printDn(responder.name) ?? '') : colons(responder.keyHash);
  const [first] = response.responses;
  const lines = [
    `issuer:   "${issuer}"`,
    ...(first === undefined ? [] : updateLines(first.thisUpdate, first.nextUpdate, style)),
  ];
  if (!style.short) {
    response.responses.forEach((single, i) => {
      const since =
        single.status === 'revoked' && single.revokedAt !== undefined
          ? ` on ${dateText(single.revokedAt, style)}, ${reasonText(single.reason)}`
          : '';
      lines.push(
        `${i === 0 ? 'responses: ' : '           '}${serialText(single.id.serial)}: ${single.status}${since}`,
      );
    });
  }
  return indented(lines);
}

function updateLines(
  thisUpdate: number,
  nextUpdate: number | undefined,
  style: TimeStyle,
): string[] {
  const lines = [`update:    this on ${dateText(thisUpdate, style)}, ok`];
  if (nextUpdate !== undefined)
    lines.push(
      `           next on ${dateText(nextUpdate, style)}, ${lastsText(nextUpdate, style)}`,
    );
  return lines;
}

function octetsOf(value: bigint): Uint8Array {
  const digits = value.toString(16);
  return fromHex(digits.length % 2 === 1 ? `0${digits}` : digits) ?? new Uint8Array(0);
}

function reasonText(reason: string | undefined): string {
  return REASONS.get(reason ?? 'unspecified') ?? reason ?? '';
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['unspecified', 'unspecified'],
  ['keyCompromise', 'key compromise'],
  ['cACompromise', 'CA compromise'],
  ['affiliationChanged', 'affiliation changed'],
  ['superseded', 'superseded'],
  ['cessationOfOperation', 'cessation of operation'],
  ['certificateHold', 'certificate hold'],
  ['removeFromCRL', 'remove from CRL'],
  ['privilegeWithdrawn', 'privilege withdrawn'],
  ['aACompromise', 'AA compromise'],
]);
