import type { PublicKey } from '../../contracts/signatures.ts';
import { certificateName } from '../../credentials/certificate-name.ts';
import type { ReceivedCredentials } from '../../credentials/trust.ts';
import type { Certificate, Crl, OcspResponse } from '../../credentials/x509/certificate.ts';
import { decodeCertificate } from '../../credentials/x509/decode-certificate.ts';
import { decodeCrl } from '../../credentials/x509/decode-crl.ts';
import { decodeOcspResponse } from '../../credentials/x509/decode-ocsp.ts';
import { type Decoded, problemText } from '../../credentials/x509/decoded.ts';
import type { DecodeTools } from '../../credentials/x509/tools.ts';
import { CertEncoding, nameOfCertEncoding } from '../../proto/iana/cert-encodings.ts';
import type { Message } from '../../proto/payload.ts';
import { latin1 } from '../../util/bytes.ts';
import { toHex } from '../../util/hex.ts';
import { settled, type Waits } from '../../util/waits.ts';
import type { IkeSa } from '../ike-sa.ts';

/** A certificate of this many octets is read, a longer one is not. */
const MAX_CERTIFICATE_OCTETS = 65_536;

/** Octets of the hash before a URL, RFC 7296 section 3.6. */
const URL_HASH_OCTETS = 20;
const MAX_URL_OCTETS = 1024;

/**
 * What the CERT payloads of a message carry, decoded. Whatever is no certificate, CRL, OCSP response or raw key is left out with a
 * line in the log. Certificates behind URLs are fetched only if `charon.hash_and_url` says so.
 */
export function* readCredentials(sa: IkeSa, message: Message): Waits<ReceivedCredentials> {
  const found = new Found(sa);
  for (const payload of message.payloads) {
    if (payload.kind === 'CERT') yield* settled(found.take(payload.encoding, payload.data));
  }
  return found;
}

class Found implements ReceivedCredentials {
  readonly certificates: Certificate[] = [];
  readonly crls: Crl[] = [];
  readonly ocspResponses: OcspResponse[] = [];
  readonly rawKeys: PublicKey[] = [];
  readonly #sa: IkeSa;
  readonly #tools: DecodeTools;

  constructor(sa: IkeSa) {
    const { crypto } = sa.env;
    this.#sa = sa;
    this.#tools = {
      publicKey: (spki) => crypto.signatures.publicKey(spki),
      hash: (name, ...chunks) => crypto.hash(name, ...chunks),
    };
  }

  take(encoding: number, data: Uint8Array): undefined | Promise<void> {
    if (data.length > MAX_CERTIFICATE_OCTETS) {
      this.#ignore(encoding, `${data.length} octets, at most ${MAX_CERTIFICATE_OCTETS} are read`);
      return undefined;
    }
    switch (encoding) {
      case CertEncoding.X509_SIGNATURE:
        this.#certificate(data);
        return undefined;
      case CertEncoding.HASH_AND_URL_X509:
        return this.#fetch(data);
      case CertEncoding.CRL:
        this.#keep(encoding, decodeCrl(data, this.#tools), this.crls);
        return undefined;
      case CertEncoding.OCSP_CONTENT:
        this.#keep(encoding, decodeOcspResponse(data, this.#tools), this.ocspResponses);
        return undefined;
      case CertEncoding.RAW_PUBLIC_KEY: {
        const key = this.#tools.publicKey(data);
        if (key === undefined) this.#ignore(encoding, 'a key that we do not know or must refuse');
        else this.rawKeys.push(key);
        return undefined;
      }
      default:
        this.#ignore(encoding, 'not supported');
        return undefined;
    }
  }

  #certificate(der: Uint8Array): void {
    const { crypto, publicKeys } = this.#sa.env;
    const fingerprint = toHex(crypto.hash('sha256', der));
    const known = publicKeys.certificates.snapshot().certificate(fingerprint);
    if (known !== undefined) {
      this.#add(known.certificate);
      return;
    }
    const decoded = decodeCertificate(der, this.#tools);
    if (decoded.ok) this.#add(decoded.value);
    else this.#ignore(CertEncoding.X509_SIGNATURE, problemText(decoded.problem));
  }

  #add(certificate: Certificate): void {
    const kind = this.certificates.length === 0 ? 'end entity' : 'issuer';
    this.certificates.push(certificate);
    this.#sa.log.log('ike', 1, `received ${kind} cert "${certificateName(certificate)}"`);
  }

  async #fetch(data: Uint8Array): Promise<void> {
    const { env, patience } = this.#sa;
    const url = latin1(data.subarray(URL_HASH_OCTETS, URL_HASH_OCTETS + MAX_URL_OCTETS + 1));
    const hash = data.slice(0, URL_HASH_OCTETS);
    const fetched = await patience.wait(env.publicKeys.fetchCertificate(hash, url));
    if (fetched === undefined) return;
    if (fetched.ok) this.#add(fetched.certificate);
    else this.#ignore(CertEncoding.HASH_AND_URL_X509, fetched.reason);
  }

  #keep<T>(encoding: number, decoded: Decoded<T>, list: T[]): void {
    if (decoded.ok) list.push(decoded.value);
    else this.#ignore(encoding, problemText(decoded.problem));
  }

  #ignore(encoding: number, why: string): void {
    this.#sa.log.log('ike', 1, `ignoring CERT payload ${nameOfCertEncoding(encoding)}: ${why}`);
  }
}
