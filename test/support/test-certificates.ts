import { generateKeyPairSync } from 'node:crypto';
import type { PrivateKeys } from '../../daemon/contracts/signatures.ts';
import { Credentials } from '../../daemon/credentials/credentials.ts';
import type { Certificate } from '../../daemon/credentials/x509/certificate.ts';
import { decodeCertificate } from '../../daemon/credentials/x509/decode-certificate.ts';
import { buildCertificate, type CertificateParts, der, extension, nameOf } from './build-x509.ts';
import { decodeTools } from './decode-tools.ts';

/** A new Ed25519 key: SubjectPublicKeyInfo and PKCS#8, DER. */
export function newKey(): { readonly spki: Uint8Array; readonly pkcs8: Uint8Array } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    spki: Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' })),
    pkcs8: Uint8Array.from(privateKey.export({ type: 'pkcs8', format: 'der' })),
  };
}

/** A new Ed25519 public key, SubjectPublicKeyInfo. */
export function newSpki(): Uint8Array {
  return newKey().spki;
}

/** Basic constraints that say CA. */
export const CA_EXTENSION: Uint8Array = extension('2.5.29.19', der.seq(der.bool(true)), true);

/** A CA certificate, self-issued unless an issuer is named; its signature is none. */
export function caDer(name: string, parts: CertificateParts = {}): Uint8Array {
  return buildCertificate({
    subject: nameOf(name),
    issuer: nameOf(name),
    extensions: [CA_EXTENSION],
    spki: newSpki(),
    ...parts,
  });
}

/** An end entity certificate with a dNSName; its signature is none. */
export function leafDer(dns: string, parts: CertificateParts = {}): Uint8Array {
  const name = der.seq(der.implicit(2, new TextEncoder().encode(dns)));
  return buildCertificate({
    subject: nameOf(dns),
    extensions: [extension('2.5.29.17', name)],
    spki: newSpki(),
    ...parts,
  });
}

/** The decoded value of DER that is known to be good. */
export function certificateOf(octets: Uint8Array): Certificate {
  const decoded = decodeCertificate(octets, decodeTools);
  if (!decoded.ok) throw new Error(decoded.problem.found);
  return decoded.value;
}

/** PEM of one block, or of several in a row. */
export function pemOf(label: string, ...ders: readonly Uint8Array[]): Uint8Array {
  const text = ders
    .map((octets) => {
      const lines =
        Buffer.from(octets)
          .toString('base64')
          .match(/.{1,64}/g) ?? [];
      return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
    })
    .join('');
  return new TextEncoder().encode(text);
}

/** Credentials of a daemon with these private keys. */
export function testCredentials(
  keys: Pick<PrivateKeys, 'find'> = { find: () => undefined },
): Credentials {
  return new Credentials({ tools: decodeTools, keys, rdnMatching: () => 'strict' });
}
