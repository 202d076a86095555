import { toHex } from '../util/hex.ts';
import type { Crl } from './x509/certificate.ts';

/**
 * What a CRL speaks about: its issuer and that one's key, whether it is a delta, and the part of the certificates it covers. Of two with the
 * same scope only the newer one means something (RFC 5280 section 5).
 */
export function crlScope(crl: Crl): string {
  const { point, onlyUserCerts, onlyCaCerts, onlyAttributeCerts, indirect } =
    crl.issuingDistributionPoint ?? {};
  const { keyId } = crl.authorityKeyId ?? {};
  return JSON.stringify([
    crl.issuerKey,
    keyId === undefined ? null : toHex(keyId),
    crl.baseCrlNumber !== undefined,
    point?.uris ?? [],
    point?.names.length ?? 0,
    point?.relativeName === undefined ? null : toHex(point.relativeName),
    [...(point?.reasons ?? [])].sort(),
    [onlyUserCerts, onlyCaCerts, onlyAttributeCerts, indirect].map((flag) => flag === true),
  ]);
}

/** Whether a CRL was issued after another one of its scope: by its number, or by its date where one has no number. */
export function isNewerCrl(crl: Crl, than: Crl): boolean {
  if (crl.crlNumber !== undefined && than.crlNumber !== undefined)
    return crl.crlNumber > than.crlNumber;
  return crl.thisUpdate > than.thisUpdate;
}
