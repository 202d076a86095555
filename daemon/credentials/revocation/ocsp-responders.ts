import type { Clock } from '../../contracts/clock.ts';
import { equalBytes } from '../../util/bytes.ts';
import { fromHex, toHex } from '../../util/hex.ts';
import { NO_WEAK_ALGORITHMS, weakKey, weakSignature } from '../path/strength.ts';
import type { StrengthConstraints } from '../trust.ts';
import type { Certificate, OcspResponse } from '../x509/certificate.ts';
import type { RevocationSource, SignatureCheck } from './sources.ts';

/** id-kp-OCSPSigning, RFC 6960 section 4.2.2.2. */
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';

/** Certificates that are tried for one response. */
const MOST_CANDIDATES = 8;

/** No connection has a say in it. */
const ANY_STRENGTH: StrengthConstraints = { keys: [], hashes: [] };

/** Who signed a response, or why nobody did who may. */
export type OcspSigner =
  | { readonly ok: true; readonly certificate: Certificate }
  | { readonly ok: false; readonly reason: string };

/** What {@link OcspResponders} needs. */
export interface OcspResponderServices {
  readonly clock: Clock;
  readonly source: () => RevocationSource;
  readonly signatures: SignatureCheck;
  /** Whether a delegated responder's certificate, issued by this CA, was revoked. */
  readonly isRevoked: (responder: Certificate, issuer: Certificate) => Promise<boolean>;
}

/**
 * Decides who may sign OCSP responses about certificates of a CA, RFC 6960 section 4.2.2.2: the CA, whom it directly issued a
 * certificate for this purpose, and whoever the operator loaded as a signer.
 */
export class OcspResponders {
  readonly #services: OcspResponderServices;

  constructor(services: OcspResponderServices) {
    this.#services = services;
  }

  /** Never rejects. */
  async signerOf(response: OcspResponse, issuer: Certificate): Promise<OcspSigner> {
    if (response.scheme === undefined) return refused('it is signed with an unknown algorithm');
    let reason = 'no signer certificate found';
    for (const candidate of this.#candidates(response, issuer)) {
      const objection = await this.#objection(candidate, issuer);
      if (objection !== undefined) {
        reason = objection;
      } else if (await this.#services.signatures.verify(candidate, response)) {
        return { ok: true, certificate: candidate };
      } else {
        reason = 'its signature is wrong';
      }
    }
    return refused(reason);
  }

  #candidates(response: OcspResponse, issuer: Certificate): readonly Certificate[] {
    const { responder } = response;
    const source = this.#services.source();
    const loaded =
      'nameKey' in responder
        ? source.bySubject(responder.nameKey)
        : source.byKeyId(toHex(responder.keyHash));
    const all = [
      issuer,
      ...loaded.map(({ certificate }) => certificate),
      ...response.certificates,
    ].filter((certificate) => isNamed(certificate, responder));
    const unique = new Map(all.map((certificate) => [certificate.fingerprint, certificate]));
    return [...unique.values()].slice(0, MOST_CANDIDATES);
  }

  /** Why a certificate may not sign for the CA; nothing if it may. */
  async #objection(signer: Certificate, issuer: Certificate): Promise<string | undefined> {
    if (signer.fingerprint === issuer.fingerprint) return undefined;
    const now = this.#services.clock.wallClock();
    if (now < signer.notBefore || now > signer.notAfter) {
      return 'the certificate of its signer is not valid now';
    }
    if (signer.unknownCritical.length > 0) {
      return 'the certificate of its signer has an unknown critical extension';
    }
    if (this.#isTrustedSigner(signer)) return undefined;
    if (!isForSigning(signer)) return 'its signer may not sign OCSP responses';
    if (signer.issuerKey !== issuer.subjectKey) return 'its signer is none of this CA';
    // As in a chain: whoever can make a certificate of a responder out of another one needs no chain.
    const weak = weaknessOf(signer);
    if (weak !== undefined) return `the certificate of its signer cannot be used: ${weak}`;
    if (!(await this.#services.signatures.verify(issuer, signer))) {
      return 'the certificate of its signer was not issued by this CA';
    }
    if (!signer.ocspNoCheck && (await this.#services.isRevoked(signer, issuer))) {
      return 'the certificate of its signer was revoked';
    }
    return undefined;
  }

  #isTrustedSigner(signer: Certificate): boolean {
    return this.#services
      .source()
      .bySubject(signer.subjectKey)
      .some(
        ({ certificate, flag, trusted }) =>
          trusted && flag === 'OCSP' && certificate.fingerprint === signer.fingerprint,
      );
  }
}

function weaknessOf({ publicKey, scheme }: Certificate): string | undefined {
  const key = publicKey && weakKey(publicKey, ANY_STRENGTH, NO_WEAK_ALGORITHMS);
  return key ?? (scheme && weakSignature(scheme, ANY_STRENGTH, NO_WEAK_ALGORITHMS));
}

function isNamed(certificate: Certificate, responder: OcspResponse['responder']): boolean {
  if ('nameKey' in responder) return certificate.subjectKey === responder.nameKey;
  const keyId = certificate.publicKey && fromHex(certificate.publicKey.keyId);
  return keyId !== undefined && equalBytes(keyId, responder.keyHash);
}

function isForSigning({ extendedKeyUsage, keyUsage }: Certificate): boolean {
  if (extendedKeyUsage?.includes(OCSP_SIGNING) !== true) return false;
  return (
    keyUsage === undefined || keyUsage.has('digitalSignature') || keyUsage.has('nonRepudiation')
  );
}

function refused(reason: string): OcspSigner {
  return { ok: false, reason };
}
