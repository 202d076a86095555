import type { CredentialType } from '../contracts/credentials.ts';
import { DerTag, derElement } from '../proto/der.ts';
import { fromHex, toHex } from '../util/hex.ts';
import type { Credential, RawPublicKey } from './stored.ts';
import { decodeAttributeCertificate } from './x509/decode-attribute-certificate.ts';
import { decodeCertificate } from './x509/decode-certificate.ts';
import { decodeCrl } from './x509/decode-crl.ts';
import { decodeOcspResponse } from './x509/decode-ocsp.ts';
import { type Decoded, problemText } from './x509/decoded.ts';
import type { DecodeTools } from './x509/tools.ts';

/** A decoded credential, or what is wrong with it. */
export type DecodedCredential =
  | { readonly ok: true; readonly credential: Credential }
  | { readonly ok: false; readonly reason: string };

const UNSUPPORTED =
  'a kind, curve or size that is not supported, expected RSA of 1024 to 16384 bits, ECDSA on P-256, P-384, P-521 or brainpool of 256, 384 or 512 bits, Ed25519, Ed448 or ML-DSA';

/** Decodes DER of one type. What cannot be of use later, such as a certificate whose key is of an unknown kind, is refused. */
export function decodeCredential(
  type: CredentialType,
  der: Uint8Array,
  tools: DecodeTools,
): DecodedCredential {
  switch (type) {
    case 'X509': {
      const decoded = decodeCertificate(der, tools);
      if (decoded.ok && decoded.value.publicKey === undefined)
        return refused(`its public key is of ${UNSUPPORTED}`);
      return found(decoded, (value) => ({ type, flag: 'NONE', value }));
    }
    case 'PUBKEY': {
      const key = rawPublicKey(der, tools);
      if (key === undefined) return refused(`the public key is of ${UNSUPPORTED}`);
      return { ok: true, credential: { type, value: key } };
    }
    case 'X509_CRL':
      return found(decodeCrl(der, tools), (value) => ({ type, value }));
    case 'OCSP_RESPONSE':
      return found(decodeOcspResponse(der, tools), (value) => ({ type, value }));
    case 'X509_AC':
      return found(decodeAttributeCertificate(der, tools), (value) => ({ type, value }));
  }
}

function rawPublicKey(octets: Uint8Array, tools: DecodeTools): RawPublicKey | undefined {
  const key = tools.publicKey(octets) ?? tools.publicKey(rsaSpki(octets));
  if (key === undefined) return undefined;
  const der = key.spki;
  return { kind: 'pubkey', key, der, fingerprint: toHex(tools.hash('sha256', der)) };
}

const RSA_ENCRYPTION = fromHex('2a864886f70d010101') ?? new Uint8Array();
const NULL = Uint8Array.of(0x05, 0);
const BIT_STRING = 0x03;

/** SubjectPublicKeyInfo of what may be an RSAPublicKey, RFC 8017 appendix A.1.1. */
function rsaSpki(octets: Uint8Array): Uint8Array {
  const algorithm = derElement(DerTag.SEQUENCE, derElement(DerTag.OID, RSA_ENCRYPTION), NULL);
  const bits = derElement(BIT_STRING, Uint8Array.of(0), octets);
  return derElement(DerTag.SEQUENCE, algorithm, bits);
}

function found<T>(decoded: Decoded<T>, credential: (value: T) => Credential): DecodedCredential {
  return decoded.ok
    ? { ok: true, credential: credential(decoded.value) }
    : refused(problemText(decoded.problem));
}

function refused(reason: string): DecodedCredential {
  return { ok: false, reason };
}
