import type { PublicKey } from '../contracts/signatures.ts';
import type { Identity } from '../proto/identity.ts';
import type { CertificateIndex } from './certificate-index.ts';
import type { CertificateSource, SourceCertificate } from './certificate-source.ts';
import type { CredentialCache } from './credential-cache.ts';
import type { AttributeCertificate, Certificate } from './x509/certificate.ts';

/**
 * What is loaded at one moment, and certificates of the cache where a path may need them: these are trusted for nothing, so that it
 * does not matter if they come and go meanwhile.
 */
export class SourceSnapshot implements CertificateSource {
  readonly #index: CertificateIndex;
  readonly #cache: Pick<CredentialCache, 'bySubject' | 'certificate'>;

  constructor(index: CertificateIndex, cache: Pick<CredentialCache, 'bySubject' | 'certificate'>) {
    this.#index = index;
    this.#cache = cache;
  }

  bySubject(subjectKey: string): readonly SourceCertificate[] {
    const loaded = this.#index.bySubject(subjectKey);
    const cached = this.#cache
      .bySubject(subjectKey)
      .filter(({ fingerprint }) => this.#index.certificate(fingerprint) === undefined);
    return cached.length === 0 ? loaded : [...loaded, ...cached.map(untrusted)];
  }

  byKeyId(keyId: string): readonly SourceCertificate[] {
    return this.#index.byKeyId(keyId);
  }

  byIdentity(identity: Identity): readonly SourceCertificate[] {
    return this.#index.byIdentity(identity);
  }

  certificate(fingerprint: string): SourceCertificate | undefined {
    const loaded = this.#index.certificate(fingerprint);
    if (loaded !== undefined) return loaded;
    const cached = this.#cache.certificate(fingerprint);
    return cached && untrusted(cached);
  }

  publicKeys(identity: Identity): readonly PublicKey[] {
    return this.#index.publicKeys(identity);
  }

  attributeCertificates(holder: Certificate): readonly AttributeCertificate[] {
    return this.#index.attributeCertificates(holder);
  }
}

function untrusted(certificate: Certificate): SourceCertificate {
  const flag = certificate.basicConstraints?.ca === true ? 'CA' : 'NONE';
  return { certificate, flag, trusted: false };
}
