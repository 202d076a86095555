import { equalBytes } from '../../util/bytes.ts';
import type { Certificate, Crl } from '../x509/certificate.ts';
import type { SignerPaths } from './checker.ts';
import type { Inquiry } from './inquiry.ts';
import type { RevocationSource, SignatureCheck } from './sources.ts';

/** Certificates of one name that are tried for one CRL. */
const MOST_CANDIDATES = 8;

/** Who signed a CRL, or why nobody did who may. */
export type CrlSigner =
  | { readonly ok: true; readonly certificate: Certificate }
  | {
      readonly ok: false;
      readonly reason: string;
      /** No certificate asked about could make it right: it is not signed by the key that it names. */
      readonly forged: boolean;
    };

/** What {@link CrlSigners} needs. */
export interface CrlSignerServices {
  readonly source: () => RevocationSource;
  readonly signatures: SignatureCheck;
  readonly paths: SignerPaths;
  /** Whether a certificate of a signer that is not part of the chain may be believed as far as its own revocation goes. */
  readonly isSound: (chain: readonly Certificate[], question: Inquiry) => Promise<boolean>;
}

/** Finds out whether a CRL was signed by somebody who may, RFC 5280 section 6.3.3 (f) and (g). */
export class CrlSigners {
  readonly #services: CrlSignerServices;

  constructor(services: CrlSignerServices) {
    this.#services = services;
  }

  /** Never rejects. */
  async of(crl: Crl, question: Inquiry): Promise<CrlSigner> {
    if (crl.scheme === undefined) return refused('it is signed with an unknown algorithm', true);
    let reason = 'its issuer is not known';
    let forged = false;
    for (const candidate of this.#candidates(crl, question)) {
      if (!maySignCrls(candidate)) {
        reason = 'its issuer may not sign CRLs (keyUsage)';
        continue;
      }
      if (!(await this.#services.signatures.verify(candidate, crl))) {
        reason = 'its signature is wrong';
        forged ||= namesKeyOf(candidate, crl);
        continue;
      }
      const distrust = await this.#distrust(candidate, question);
      if (distrust === undefined) return { ok: true, certificate: candidate };
      reason = distrust;
    }
    return refused(reason, forged);
  }

  #candidates(crl: Crl, { issuer, chain }: Inquiry): readonly Certificate[] {
    const known = this.#services.source().bySubject(crl.issuerKey);
    const named = [issuer, ...chain, ...known.map(({ certificate }) => certificate)].filter(
      (certificate) => certificate.subjectKey === crl.issuerKey && hasKeyOf(certificate, crl),
    );
    const unique = new Map(named.map((certificate) => [certificate.fingerprint, certificate]));
    return [...unique.values()].slice(0, MOST_CANDIDATES);
  }

  /** Why a certificate that is not in the chain does not come from the same trust anchor; nothing if it does. */
  async #distrust(signer: Certificate, question: Inquiry): Promise<string | undefined> {
    const { chain } = question;
    if (chain.some(({ fingerprint }) => fingerprint === signer.fingerprint)) return undefined;
    const path = await this.#services.paths.find(signer, 'crl', chain);
    if (!path.ok) return `its signer is not trusted: ${path.reason}`;
    if (path.chain.at(-1)?.fingerprint !== chain.at(-1)?.fingerprint) {
      return 'its signer has another trust anchor';
    }
    if (await this.#services.isSound(path.chain, question)) return undefined;
    return 'the certificate of its signer was revoked, or nobody can tell';
  }
}

function refused(reason: string, forged: boolean): CrlSigner {
  return { ok: false, reason, forged };
}

/** RFC 5280 section 6.3.3 (f): where there is a key usage it says so. */
function maySignCrls({ keyUsage }: Certificate): boolean {
  return keyUsage === undefined || keyUsage.has('cRLSign');
}

function hasKeyOf(certificate: Certificate, crl: Crl): boolean {
  const wanted = crl.authorityKeyId?.keyId;
  const own = certificate.subjectKeyId;
  return wanted === undefined || own === undefined || equalBytes(wanted, own);
}

function namesKeyOf(certificate: Certificate, crl: Crl): boolean {
  return crl.authorityKeyId?.keyId !== undefined && certificate.subjectKeyId !== undefined;
}
