import { equalBytes } from '../../util/bytes.ts';
import type { CertificateSource } from '../certificate-source.ts';
import type { Certificate } from '../x509/certificate.ts';
import { isSelfIssued } from './validate-path.ts';

/** What may have issued a certificate: what is loaded, and what the peer sent along. */
export class Candidates {
  readonly #source: CertificateSource;
  readonly #received = new Map<string, Certificate[]>();
  readonly #time: number;
  readonly #limit: number;
  readonly #ranked = new Map<string, readonly Certificate[]>();

  /** At a moment, and at most `limit` issuers of one certificate. */
  constructor(
    source: CertificateSource,
    received: readonly Certificate[],
    time: number,
    limit: number,
  ) {
    this.#source = source;
    this.#time = time;
    this.#limit = limit;
    for (const certificate of received) {
      const same = this.#received.get(certificate.subjectKey);
      if (same === undefined) this.#received.set(certificate.subjectKey, [certificate]);
      else same.push(certificate);
    }
  }

  /**
   * Whether paths end here: a self-signed CA certificate that an operator loaded. Other CA certificates that are loaded lie between, as
   * with charon, also one with which a CA certified its own new key.
   */
  isAnchor(certificate: Certificate): boolean {
    const loaded = this.#source.certificate(certificate.fingerprint);
    if (loaded?.trusted !== true || loaded.flag !== 'CA') return false;
    return seemsSelfSigned(certificate);
  }

  /** Certificates whose subject is the issuer of this one, the most promising first, each once. */
  issuersOf(certificate: Certificate): readonly Certificate[] {
    const known = this.#ranked.get(certificate.fingerprint);
    if (known !== undefined) return known;
    if (namesItself(certificate)) return [];
    const all = new Map<string, Certificate>();
    for (const { certificate: issuer } of this.#source.bySubject(certificate.issuerKey))
      all.set(issuer.fingerprint, issuer);
    for (const issuer of this.#received.get(certificate.issuerKey) ?? [])
      all.set(issuer.fingerprint, issuer);
    const ranked = [...all.values()]
      .map((issuer) => ({ issuer, rank: this.#rank(certificate, issuer) }))
      .sort((a, b) => b.rank - a.rank || b.issuer.notAfter - a.issuer.notAfter)
      .slice(0, this.#limit)
      .map(({ issuer }) => issuer);
    this.#ranked.set(certificate.fingerprint, ranked);
    return ranked;
  }

  #rank(certificate: Certificate, issuer: Certificate): number {
    const valid = this.#time >= issuer.notBefore && this.#time <= issuer.notAfter;
    return keyIdRank(certificate, issuer) * 8 + (valid ? 4 : 0) + (this.isAnchor(issuer) ? 2 : 0);
  }
}

/**
 * 1 if the certificate names the key of this issuer, -1 if it names another one, 0 if it names none. Key ids are hints (RFC 5280
 * section 4.2.1.1): they order the candidates and exclude none.
 */
export function keyIdRank({ authorityKeyId }: Certificate, issuer: Certificate): -1 | 0 | 1 {
  const { keyId, serial } = authorityKeyId ?? {};
  const keyIds = compared(keyId, issuer.subjectKeyId);
  return keyIds !== 0 ? keyIds : compared(serial, issuer.serial);
}

/** Whether a certificate is self-issued, and names no other key than its own as that of its issuer. */
export function seemsSelfSigned(certificate: Certificate): boolean {
  return isSelfIssued(certificate) && keyIdRank(certificate, certificate) >= 0;
}

// Self-signed, as its key ids say: nobody else signed it.
function namesItself(certificate: Certificate): boolean {
  return (
    isSelfIssued(certificate) &&
    compared(certificate.authorityKeyId?.keyId, certificate.subjectKeyId) > 0
  );
}

function compared(wanted: Uint8Array | undefined, found: Uint8Array | undefined): -1 | 0 | 1 {
  if (wanted === undefined || found === undefined) return 0;
  return equalBytes(wanted, found) ? 1 : -1;
}
