import { certIdOf } from '../x509/cert-id.ts';
import type { Certificate, OcspCertId, OcspResponse } from '../x509/certificate.ts';
import { decodeOcspResponse } from '../x509/decode-ocsp.ts';
import type { Decoded } from '../x509/decoded.ts';
import { encodeOcspRequest } from '../x509/ocsp-request.ts';
import type { DecodeTools } from '../x509/tools.ts';

/** Encoding and decoding of what is said with OCSP responders. */
export interface OcspCodec {
  /** How OCSP names a certificate of an issuer, RFC 6960 section 4.1.1; not at all if the issuer's key is of an unknown kind. */
  certId(
    certificate: Certificate,
    issuer: Certificate,
    hash: OcspCertId['hash'],
  ): OcspCertId | undefined;
  request(id: OcspCertId, nonce: Uint8Array): Uint8Array;
  /** A response that says `successful`; anything else is a problem. */
  response(der: Uint8Array): Decoded<OcspResponse>;
}

/** The codec with these tools. */
export function ocspCodec(tools: DecodeTools): OcspCodec {
  return {
    certId: (certificate, issuer, hash) => certIdOf(certificate, issuer, hash, tools),
    request: (id, nonce) => encodeOcspRequest({ ids: [id], nonce }),
    response: (der) => decodeOcspResponse(der, tools),
  };
}
