import { toHex } from '../../util/hex.ts';
import type { Crl } from '../x509/certificate.ts';
import { scopeText } from './delta.ts';

/** Bounds of a {@link CrlCache}. */
export interface CrlCacheLimits {
  readonly entries: number;
  /** Of all lists together, DER. */
  readonly octets: number;
}

const LIMITS: CrlCacheLimits = { entries: 512, octets: 64 * 1024 * 1024 };

/** CRLs by their issuer; the ones not used for longest go when there are too many. */
export class CrlCache {
  readonly #limits: CrlCacheLimits;
  /** By fingerprint, the least used first. */
  readonly #crls = new Map<string, Crl>();
  readonly #byIssuer = new Map<string, Set<Crl>>();
  /** Id of the key that signed those that were verified. */
  readonly #signers = new Map<string, string>();
  #octets = 0;

  constructor(limits: CrlCacheLimits = LIMITS) {
    this.#limits = limits;
  }

  get octets(): number {
    return this.#octets;
  }

  add(crl: Crl): void {
    if (crl.der.length > this.#limits.octets) return;
    const before = this.#crls.get(crl.fingerprint);
    if (before !== undefined) {
      this.touch(before);
      return;
    }
    this.#crls.set(crl.fingerprint, crl);
    this.#octets += crl.der.length;
    const others = this.#byIssuer.get(crl.issuerKey);
    if (others === undefined) this.#byIssuer.set(crl.issuerKey, new Set([crl]));
    else others.add(crl);
    for (const oldest of this.#crls.values()) {
      if (this.#crls.size <= this.#limits.entries && this.#octets <= this.#limits.octets) break;
      this.remove(oldest);
    }
  }

  /** Adds one that was verified with the key of this id, and removes those of the same key that it makes superfluous. */
  supersede(crl: Crl, keyId: string): void {
    const same = [...(this.#byIssuer.get(crl.issuerKey) ?? [])].filter(
      (other) =>
        other.fingerprint !== crl.fingerprint &&
        this.#signers.get(other.fingerprint) === keyId &&
        subjectOf(other) === subjectOf(crl),
    );
    if (same.some((other) => isNewer(other, crl))) return;
    for (const other of same) if (isNewer(crl, other)) this.remove(other);
    this.add(crl);
    if (this.#crls.has(crl.fingerprint)) this.#signers.set(crl.fingerprint, keyId);
  }

  /** CRLs of an issuer, by its normalized name, the least used first. */
  of(issuerKey: string): readonly Crl[] {
    return [...(this.#byIssuer.get(issuerKey) ?? [])];
  }

  /** Whether there is any of an issuer. */
  hasOf(issuerKey: string): boolean {
    return this.#byIssuer.has(issuerKey);
  }

  has({ fingerprint }: Crl): boolean {
    return this.#crls.has(fingerprint);
  }

  /** Notes that one was used. */
  touch(crl: Crl): void {
    const held = this.#crls.get(crl.fingerprint);
    if (held === undefined) return;
    this.#crls.delete(crl.fingerprint);
    this.#crls.set(crl.fingerprint, held);
    const others = this.#byIssuer.get(held.issuerKey);
    others?.delete(held);
    others?.add(held);
  }

  remove(crl: Crl): void {
    const held = this.#crls.get(crl.fingerprint);
    if (held === undefined) return;
    this.#crls.delete(crl.fingerprint);
    this.#signers.delete(crl.fingerprint);
    this.#octets -= held.der.length;
    const others = this.#byIssuer.get(crl.issuerKey);
    others?.delete(held);
    if (others?.size === 0) this.#byIssuer.delete(crl.issuerKey);
  }

  list(): readonly Crl[] {
    return [...this.#crls.values()];
  }

  clear(): void {
    this.#crls.clear();
    this.#byIssuer.clear();
    this.#signers.clear();
    this.#octets = 0;
  }
}

/** Whether a CRL was issued after another: by its number, or by its date if one has no number (RFC 5280 section 5.2.3). */
export function isNewer(crl: Crl, than: Crl): boolean {
  if (crl.crlNumber !== undefined && than.crlNumber !== undefined) {
    if (crl.crlNumber !== than.crlNumber) return crl.crlNumber > than.crlNumber;
  }
  return crl.thisUpdate > than.thisUpdate;
}

/** What a CRL is about: of two that are about the same the newer one alone means something. */
function subjectOf(crl: Crl): string {
  const keyId = crl.authorityKeyId?.keyId;
  const kind = crl.baseCrlNumber === undefined ? 'base' : 'delta';
  return `${kind} ${keyId === undefined ? '' : toHex(keyId)} ${scopeText(crl)}`;
}
