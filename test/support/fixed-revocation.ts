import type {
  RevocationChecker,
  RevocationQuestion,
  RevocationStatus,
} from '../../daemon/credentials/revocation/checker.ts';

/** Answers what a test said, by fingerprint of the certificate, and remembers what it was asked. */
export class FixedRevocation implements RevocationChecker {
  readonly asked: RevocationQuestion[] = [];
  readonly #answers = new Map<string, RevocationStatus>();
  readonly #otherwise: RevocationStatus;

  constructor(otherwise: RevocationStatus = { status: 'skipped', reason: 'nowhere to ask' }) {
    this.#otherwise = otherwise;
  }

  answer(certificate: { readonly fingerprint: string }, status: RevocationStatus): void {
    this.#answers.set(certificate.fingerprint, status);
  }

  check(question: RevocationQuestion): Promise<RevocationStatus> {
    this.asked.push(question);
    return Promise.resolve(this.#answers.get(question.certificate.fingerprint) ?? this.#otherwise);
  }
}
