import type { SignatureVerifier } from '../../contracts/signatures.ts';
import type { Certificate, SignedObject } from '../x509/certificate.ts';

/**
 * Signatures that were found right, the last used ones of them, so that a known chain costs no check. A wrong signature is not
 * remembered: anybody can make as many of those as he likes. Whether a certificate is valid is another question, asked each time.
 */
export class VerifiedSignatures {
  readonly #verifier: SignatureVerifier;
  readonly #capacity: number;
  /** In the order of use: a Map keeps the order of insertion. */
  readonly #right = new Set<string>();
  readonly #running = new Map<string, Promise<boolean>>();

  /** With a capacity of 0 nothing is remembered. */
  constructor(verifier: SignatureVerifier, capacity: number) {
    this.#verifier = verifier;
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#right.size;
  }

  /** Whether the signature is known to be right; counts as a use. */
  knows(issuer: Certificate, signed: SignedObject): boolean {
    const key = edge(issuer, signed);
    if (!this.#right.delete(key)) return false;
    this.#right.add(key);
    return true;
  }

  /** Whether the key of `issuer` made the signature. Never rejects; those who ask for the same wait for one check. */
  verify(issuer: Certificate, signed: SignedObject): boolean | Promise<boolean> {
    if (this.knows(issuer, signed)) return true;
    const key = edge(issuer, signed);
    return this.#running.get(key) ?? this.#check(key, issuer, signed);
  }

  /** Forgets everything. */
  clear(): void {
    this.#right.clear();
  }

  #check(key: string, issuer: Certificate, signed: SignedObject): boolean | Promise<boolean> {
    const { publicKey } = issuer;
    if (publicKey === undefined || signed.scheme === undefined) return false;
    const found = this.#verifier.verify(publicKey, signed.scheme, signed.tbs, signed.signature);
    const remember = (right: boolean): boolean => {
      if (right) this.#remember(key);
      return right;
    };
    if (!(found instanceof Promise)) return remember(found);
    const check = found.then(remember).finally(() => this.#running.delete(key));
    this.#running.set(key, check);
    return check;
  }

  #remember(key: string): void {
    if (this.#capacity === 0) return;
    this.#right.add(key);
    for (const oldest of this.#right) {
      if (this.#right.size <= this.#capacity) break;
      this.#right.delete(oldest);
    }
  }
}

// The issuer's whole certificate stands for its key: the id of a key is a SHA-1, which two keys may share.
function edge(issuer: Certificate, { fingerprint }: SignedObject): string {
  return `${issuer.fingerprint}:${fingerprint}`;
}
