import type { CredentialType } from '../contracts/credentials.ts';
import { credentialKey } from './certificate-index.ts';
import type { Credential } from './stored.ts';
import type { Certificate } from './x509/certificate.ts';

/** Bounds of a {@link CredentialCache}. */
export interface CacheLimits {
  readonly entries: number;
  /** Of all entries together, DER. */
  readonly octets: number;
}

const LIMITS: CacheLimits = { entries: 1000, octets: 32 * 1024 * 1024 };

/**
 * Credentials that came from elsewhere and were believed once: fetched by hash and URL, or sent by a peer whose chain was good. They help
 * to build paths and prove nothing. However many variants of one certificate peers send, the least used go when a limit is
 * reached (CVE-2021-41991).
 */
export class CredentialCache {
  readonly #limits: CacheLimits;
  /** Least used first. */
  readonly #entries = new Map<string, Credential>();
  readonly #bySubject = new Map<string, Map<string, Certificate>>();
  #octets = 0;

  constructor(limits: CacheLimits = LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Octets of DER in it. */
  get octets(): number {
    return this.#octets;
  }

  add(credential: Credential): void {
    const key = credentialKey(credential);
    const { length } = credential.value.der;
    if (this.#entries.has(key)) {
      this.#touch(key, credential);
      return;
    }
    if (length > this.#limits.octets) return;
    this.#entries.set(key, credential);
    this.#octets += length;
    if (credential.type === 'X509') {
      const { subjectKey } = credential.value;
      const same = this.#bySubject.get(subjectKey) ?? new Map<string, Certificate>();
      this.#bySubject.set(subjectKey, same.set(key, credential.value));
    }
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= this.#limits.entries && this.#octets <= this.#limits.octets) break;
      this.#remove(oldest, entry);
    }
  }

  /** The certificate of a SHA-256 of its DER, hex. */
  certificate(fingerprint: string): Certificate | undefined {
    const key = `X509:${fingerprint}`;
    const found = this.#entries.get(key);
    if (found?.type !== 'X509') return undefined;
    this.#touch(key, found);
    return found.value;
  }

  /** Certificates with this subject, by `subjectKey`. */
  bySubject(subjectKey: string): readonly Certificate[] {
    return [...(this.#bySubject.get(subjectKey)?.values() ?? [])];
  }

  list(): readonly Credential[] {
    return [...this.#entries.values()];
  }

  /** Forgets those of one type, or all. */
  flush(type?: CredentialType): void {
    for (const [key, entry] of this.#entries)
      if (type === undefined || entry.type === type) this.#remove(key, entry);
  }

  #touch(key: string, credential: Credential): void {
    this.#entries.delete(key);
    this.#entries.set(key, credential);
  }

  #remove(key: string, credential: Credential): void {
    this.#entries.delete(key);
    this.#octets -= credential.value.der.length;
    if (credential.type !== 'X509') return;
    const { subjectKey } = credential.value;
    const same = this.#bySubject.get(subjectKey);
    same?.delete(key);
    if (same?.size === 0) this.#bySubject.delete(subjectKey);
  }
}
