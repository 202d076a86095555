import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate, CertificateList } from '@peculiar/asn1-x509';
import { describe, expect, test } from 'vitest';
import { decodeCertificate } from '../../daemon/credentials/x509/decode-certificate.ts';
import { decodeCrl } from '../../daemon/credentials/x509/decode-crl.ts';
import { decodeOcspResponse } from '../../daemon/credentials/x509/decode-ocsp.ts';
import type { Decoded } from '../../daemon/credentials/x509/decoded.ts';
import { decodeOcspRequest } from '../../daemon/credentials/x509/ocsp-request.ts';
import type { Identity } from '../../daemon/proto/identity.ts';
import { matchIdentity } from '../../daemon/proto/identity-match.ts';
import { printIdentity } from '../../daemon/proto/identity-print.ts';
import { parseIdentity } from '../../daemon/proto/identity-text.ts';
import { ConfiguredIdType } from '../../daemon/proto/identity-types.ts';
import { latin1 } from '../../daemon/util/bytes.ts';
import { ConfigError } from '../../daemon/util/error.ts';
import { decodeTools } from '../support/decode-tools.ts';
import { hasSharedData, sharedData } from '../support/shared-data.ts';

const FOLDER = 'fuzz-x509';
/** Milliseconds of a file of a few KiB on a busy machine, repeated when a pause came in between. */
const LIMIT = 10;

const present = hasSharedData(FOLDER);

describe.skipIf(!present)('every file of the corpus is a value or a problem, in time', () => {
  test('certificates, which OpenSSL and the ASN.1 library read the same', () => {
    const accepted: string[] = [];
    for (const { name, octets } of files('certs', 'certs-crash')) {
      const result = timed(name, () => decodeCertificate(octets, decodeTools));
      if (!result.ok) continue;
      accepted.push(name);
      const other = new X509Certificate(octets);
      const { value } = result;
      expect(new Date(value.notBefore), name).toEqual(new Date(other.validFrom));
      expect(new Date(value.notAfter), name).toEqual(new Date(other.validTo));
      expect(value.basicConstraints?.ca ?? false, name).toBe(other.ca);
      expect(BigInt(`0x0${toHex(value.serial)}`), name).toBe(BigInt(`0x0${other.serialNumber}`));
      const { tbsCertificate: tbs } = AsnConvert.parse(octets, Certificate);
      expect(value.serial, name).toEqual(new Uint8Array(tbs.serialNumber));
      expect(value.issuer, name).toEqual(new Uint8Array(AsnConvert.serialize(tbs.issuer)));
      const critical = (tbs.extensions ?? []).filter((extension) => extension.critical);
      const ids = critical.map(({ extnID }) => extnID);
      expect(ids, name).toEqual(expect.arrayContaining([...value.unknownCritical]));
    }
    expect(accepted.length).toBeGreaterThan(30);
  });

  test('CRLs, which the ASN.1 library reads the same', () => {
    const accepted: string[] = [];
    for (const { name, octets } of files('crls')) {
      const result = timed(name, () => decodeCrl(octets, decodeTools));
      if (!result.ok) continue;
      accepted.push(name);
      const { tbsCertList } = AsnConvert.parse(octets, CertificateList);
      const serials = (tbsCertList.revokedCertificates ?? []).map(({ userCertificate }) =>
        toHex(new Uint8Array(userCertificate)),
      );
      expect(result.value.size, name).toBe(new Set(serials).size);
      expect(new Date(result.value.thisUpdate), name).toEqual(tbsCertList.thisUpdate.getTime());
    }
    expect(accepted.length).toBeGreaterThan(5);
  });

  test('OCSP requests and responses', () => {
    for (const { name, octets } of files('ocsp_rsp', 'ocsp_rsp-crash'))
      timed(name, () => decodeOcspResponse(octets, decodeTools));
    const requests = files('ocsp_req').map(({ name, octets }) =>
      timed(name, () => decodeOcspRequest(octets)),
    );
    expect(requests.some(({ ok }) => ok)).toBe(true);
  });

  test('SEC-08 identities, as text of an operator and as names of a peer', () => {
    let readable = 0;
    for (const { name, octets } of files('ids')) {
      const dn = { type: ConfiguredIdType.ID_DER_ASN1_DN, data: octets };
      expect(printIdentity(dn), name).toMatch(/^[ -~]*$/);
      const text = identityOrError(latin1(octets).trim());
      if (text instanceof ConfigError) continue;
      readable++;
      expect(printIdentity(text), name).toMatch(/^[ -~]*$/);
      expect(matchIdentity(text, dn, 'relaxed'), name).toBeLessThanOrEqual(20);
    }
    expect(readable).toBeGreaterThan(10);
  });
});

// Anything else that is thrown fails the test.
function identityOrError(text: string): Identity | ConfigError {
  try {
    return parseIdentity(text, { allowRegex: true, path: 'id' });
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

function files(...folders: readonly string[]): { name: string; octets: Uint8Array }[] {
  return folders.flatMap((folder) =>
    readdirSync(sharedData(`${FOLDER}/${folder}`)).map((name) => ({
      name: `${folder}/${name}`,
      octets: new Uint8Array(readFileSync(sharedData(`${FOLDER}/${folder}/${name}`))),
    })),
  );
}

function timed<T>(name: string, decode: () => Decoded<T>): Decoded<T> {
  let best = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 5; tries++) {
    const start = performance.now();
    const result = decode();
    best = Math.min(best, performance.now() - start);
    expect(result.ok ? 'value' : result.problem.found, name).not.toMatch(/cannot be decoded/);
    if (best < LIMIT) return result;
  }
  throw new Error(`${name} took ${best} ms`);
}

function toHex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}
