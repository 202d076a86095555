import type { Certificate } from '../x509/certificate.ts';
import { keyIdRank } from './candidates.ts';

/** Certificates of one search at most; what is further away than these is not looked at. */
const MAX_CERTIFICATES = 2000;

/**
 * Who may have issued whom, by names, and how far each certificate is from a trust anchor. Edges whose signature is wrong are taken
 * out, so that no time is spent on ways that lead nowhere any more.
 */
export class PathGraph {
  readonly #usableIssuers: (certificate: Certificate) => readonly Certificate[];
  readonly #isAnchor: (certificate: Certificate) => boolean;
  readonly #issuers = new Map<Certificate, Certificate[]>();
  readonly #anchors: Certificate[] = [];
  #distances = new Map<Certificate, number>();
  #removed = false;

  constructor(
    usableIssuers: (certificate: Certificate) => readonly Certificate[],
    isAnchor: (certificate: Certificate) => boolean,
  ) {
    this.#usableIssuers = usableIssuers;
    this.#isAnchor = isAnchor;
  }

  /** Takes in everything above a certificate, up to the trust anchors. */
  explore(target: Certificate): void {
    const queue = [target];
    this.#issuers.set(target, []);
    for (const certificate of queue) {
      if (certificate !== target && this.#isAnchor(certificate)) {
        this.#anchors.push(certificate);
        continue;
      }
      const issuers = [...this.#usableIssuers(certificate)];
      this.#issuers.set(certificate, issuers);
      for (const issuer of issuers) {
        if (this.#issuers.has(issuer) || queue.length === MAX_CERTIFICATES) continue;
        this.#issuers.set(issuer, []);
        queue.push(issuer);
      }
    }
    this.#measure();
    for (const [certificate, issuers] of this.#issuers)
      issuers.sort(
        (a, b) =>
          keyIdRank(certificate, b) - keyIdRank(certificate, a) ||
          this.distance(a) - this.distance(b),
      );
  }

  /** Issuers in the order in which to try them: those whose key is named, then those that are nearest to a trust anchor. */
  issuersOf(certificate: Certificate): readonly Certificate[] {
    return this.#issuers.get(certificate) ?? [];
  }

  /** Certificates on the shortest way from here to a trust anchor, without this one; infinite if there is none. */
  distance(certificate: Certificate): number {
    return this.#distances.get(certificate) ?? Number.POSITIVE_INFINITY;
  }

  /** Whether there is still a way from here to a trust anchor. */
  leads(certificate: Certificate): boolean {
    return this.#distances.has(certificate);
  }

  /** Whether nothing on this path was taken out. */
  holds(path: readonly Certificate[]): boolean {
    if (!this.#removed) return true;
    return path.every((issuer, i) => {
      const certificate = path[i - 1];
      return certificate === undefined || this.issuersOf(certificate).includes(issuer);
    });
  }

  /** Takes out an edge: the issuer has not signed the certificate. */
  remove(issuer: Certificate, certificate: Certificate): void {
    this.#removed = true;
    this.#issuers.set(
      certificate,
      this.issuersOf(certificate).filter((other) => other !== issuer),
    );
    this.#measure();
  }

  #measure(): void {
    const issued = new Map<Certificate, Certificate[]>();
    for (const [certificate, issuers] of this.#issuers)
      for (const issuer of issuers) {
        const others = issued.get(issuer);
        if (others === undefined) issued.set(issuer, [certificate]);
        else others.push(certificate);
      }
    const distances = new Map(this.#anchors.map((anchor) => [anchor, 0]));
    for (const [issuer, distance] of distances)
      for (const certificate of issued.get(issuer) ?? [])
        if (!distances.has(certificate)) distances.set(certificate, distance + 1);
    this.#distances = distances;
  }
}
