import type { Certificate, Crl } from '../x509/certificate.ts';
import { CrlCache, isNewer } from './crl-cache.ts';
import type { RevocationSource } from './sources.ts';

/** CRLs of one issuer that are looked at for one question and are not known to be right. */
const MOST = 16;

/** What {@link CrlShelf} needs. */
export interface CrlShelfServices {
  readonly source: () => RevocationSource;
  /** Told of a CRL that was fetched and found to be properly signed. */
  readonly onProven: (crl: Crl) => void;
}

/**
 * All CRLs that are at hand: loaded, sent by the peer, proven before, and fetched but not yet looked at. What is not proven never
 * displaces what is.
 */
export class CrlShelf {
  readonly #services: CrlShelfServices;
  readonly #proven = new CrlCache();
  readonly #unproven = new CrlCache({ entries: 64, octets: 32 * 1024 * 1024 });

  constructor(services: CrlShelfServices) {
    this.#services = services;
  }

  /** Whether there is any CRL of an issuer, beside those that a peer sends along. */
  has(issuerKey: string): boolean {
    return (
      this.#proven.hasOf(issuerKey) ||
      this.#unproven.hasOf(issuerKey) ||
      this.#services.source().crlsOf(issuerKey).length > 0
    );
  }

  /** CRLs of these issuers, the newest first. */
  find(
    issuerKeys: readonly string[],
    received: readonly Crl[],
    isWanted: (crl: Crl) => boolean,
  ): readonly Crl[] {
    const found = new Map<string, Crl>();
    const source = this.#services.source();
    for (const key of issuerKeys) {
      const sent = received.filter((crl) => crl.issuerKey === key && isWanted(crl));
      const fetched = this.#unproven.of(key).filter(isWanted);
      const own = [...source.crlsOf(key), ...this.#proven.of(key)].filter(isWanted);
      // The numbers of what strangers made up are the highest: they must not push out what is right.
      for (const crl of [...sent.slice(0, MOST), ...fetched.slice(-MOST), ...own]) {
        found.set(crl.fingerprint, crl);
      }
    }
    return [...found.values()].sort((a, b) => (isNewer(a, b) ? -1 : isNewer(b, a) ? 1 : 0));
  }

  /** Adds one that was fetched, or kept on disk: it counts once its signature was verified. */
  put(crl: Crl): void {
    if (!this.#proven.has(crl)) this.#unproven.add(crl);
  }

  /** Notes that a CRL is properly signed by somebody who may. */
  prove(crl: Crl, signer: Certificate): void {
    if (this.#proven.has(crl)) {
      this.#proven.touch(crl);
      return;
    }
    const isNew = this.#unproven.has(crl);
    this.#unproven.remove(crl);
    this.#proven.supersede(crl, signer.publicKey?.keyId ?? '');
    if (isNew && this.#proven.has(crl)) this.#services.onProven(crl);
  }

  /** Notes that a CRL is signed by nobody who may, and forgets it. */
  disprove(crl: Crl): void {
    this.#unproven.remove(crl);
  }

  /** Those that were proven. */
  list(): readonly Crl[] {
    return this.#proven.list();
  }

  clear(): void {
    this.#proven.clear();
    this.#unproven.clear();
  }
}
