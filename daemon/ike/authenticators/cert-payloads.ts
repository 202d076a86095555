import type { ConnectionConfig } from '../../config/connection-types.ts';
import { certificateName } from '../../credentials/certificate-name.ts';
import type { Certificate } from '../../credentials/x509/certificate.ts';
import { CertEncoding } from '../../proto/iana/cert-encodings.ts';
import type { Payload } from '../../proto/payload.ts';
import { concatBytes, utf8 } from '../../util/bytes.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { Abilities } from './abilities.ts';
import type { OwnCredential } from './own-credential.ts';

/** CERT payloads that peers read, ours above all. */
const MAX_CERTS = 8;

/**
 * The CERT payloads that go with our signature: our certificate first, then the CAs up to the root and without it, then an
 * OCSP response if the peer asked for one (RFC 4806); or our raw key (RFC 7670). `send_cert` says when.
 */
export async function certPayloads(
  sa: IkeSa,
  { sendCert, ocsp }: ConnectionConfig,
  { certificate, publicKey, issuers }: OwnCredential,
  { requests, fetches }: Abilities,
): Promise<readonly Payload[]> {
  if (sendCert === 'never') return [];
  const { X509_SIGNATURE, RAW_PUBLIC_KEY, OCSP_CONTENT } = CertEncoding;
  const asked = (encoding: number): boolean => requests.encodings.has(encoding);
  if (certificate === undefined) {
    if (sendCert !== 'always' && !asked(RAW_PUBLIC_KEY)) return [];
    sa.log.log('ike', 1, 'sending raw public key');
    return [{ kind: 'CERT', encoding: RAW_PUBLIC_KEY, data: publicKey.spki }];
  }
  if (sendCert !== 'always' && !asked(X509_SIGNATURE)) return [];
  const payloads: Payload[] = [
    certPayload(sa, certificate, 'end entity', fetches),
    ...issuers.map((issuer) => certPayload(sa, issuer, 'issuer', fetches)),
  ];
  if ((ocsp === 'reply' || ocsp === 'both') && asked(OCSP_CONTENT)) {
    payloads.push(...(await ocspPayloads(sa, [certificate, ...issuers])));
  }
  return payloads.slice(0, MAX_CERTS);
}

function certPayload(
  sa: IkeSa,
  certificate: Certificate,
  what: 'end entity' | 'issuer',
  fetches: boolean,
): Payload {
  const { env, log } = sa;
  const name = certificateName(certificate);
  const url =
    fetches && env.options().hash_and_url ? env.publicKeys.certificateUrl(certificate) : undefined;
  if (url !== undefined) {
    log.log('ike', 1, `sending hash-and-url "${url}"`);
    const data = concatBytes(env.crypto.hash('sha1', certificate.der), utf8(url));
    return { kind: 'CERT', encoding: CertEncoding.HASH_AND_URL_X509, data };
  }
  log.log('ike', 1, `sending ${what} cert "${name}"`);
  return { kind: 'CERT', encoding: CertEncoding.X509_SIGNATURE, data: certificate.der };
}

async function ocspPayloads(sa: IkeSa, chain: readonly Certificate[]): Promise<readonly Payload[]> {
  const { publicKeys } = sa.env;
  const last = chain.at(-1);
  const [root] =
    last === undefined ? [] : publicKeys.certificates.snapshot().bySubject(last.issuerKey);
  const whole = root === undefined ? chain : [...chain, root.certificate];
  const responses = await publicKeys.staple(whole);
  if (responses.length > 0) {
    const name = chain[0] === undefined ? '' : certificateName(chain[0]);
    sa.log.log('ike', 1, `sending OCSP status for certificate: ${name}`);
  }
  return responses.map((data) => ({ kind: 'CERT', encoding: CertEncoding.OCSP_CONTENT, data }));
}
