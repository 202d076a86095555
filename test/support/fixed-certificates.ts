import type { PublicKey } from '../../daemon/contracts/signatures.ts';
import type {
  CertificateSource,
  CertificateSources,
  SourceCertificate,
} from '../../daemon/credentials/certificate-source.ts';
import type {
  AttributeCertificate,
  Certificate,
} from '../../daemon/credentials/x509/certificate.ts';
import type { Identity } from '../../daemon/proto/identity.ts';
import { equalIdentity } from '../../daemon/proto/identity-match.ts';

/** What a test has loaded, in the order of loading. */
export class FixedCertificates implements CertificateSource, CertificateSources {
  readonly #loaded = new Map<string, SourceCertificate>();
  readonly #subjects = new Map<string, SourceCertificate[]>();
  readonly keys: { readonly identity: Identity; readonly key: PublicKey }[] = [];
  readonly attributes: AttributeCertificate[] = [];

  /** Loads certificates as what operators load: trusted unless said otherwise. */
  load(
    flag: SourceCertificate['flag'],
    certificates: readonly Certificate[],
    trusted: boolean = true,
  ): this {
    for (const certificate of certificates) {
      const entry = { certificate, flag, trusted };
      this.#loaded.set(certificate.fingerprint, entry);
      const same = this.#subjects.get(certificate.subjectKey);
      if (same === undefined) this.#subjects.set(certificate.subjectKey, [entry]);
      else same.push(entry);
    }
    return this;
  }

  snapshot(): CertificateSource {
    return this;
  }

  bySubject(subjectKey: string): readonly SourceCertificate[] {
    return this.#subjects.get(subjectKey) ?? [];
  }

  byKeyId(keyId: string): readonly SourceCertificate[] {
    return [...this.#loaded.values()].filter(
      ({ certificate }) => certificate.publicKey?.keyId === keyId,
    );
  }

  byIdentity(identity: Identity): readonly SourceCertificate[] {
    return [...this.#loaded.values()].filter(({ certificate }) =>
      certificate.identities.some((own) => equalIdentity(own, identity)),
    );
  }

  certificate(fingerprint: string): SourceCertificate | undefined {
    return this.#loaded.get(fingerprint);
  }

  publicKeys(identity: Identity): readonly PublicKey[] {
    return this.keys
      .filter((entry) => equalIdentity(entry.identity, identity))
      .map(({ key }) => key);
  }

  attributeCertificates(): readonly AttributeCertificate[] {
    return this.attributes;
  }
}
