import { printDn } from '../../proto/distinguished-name.ts';
import { certificateName } from '../certificate-name.ts';
import type { CertificateAlert } from '../trust.ts';
import type { Certificate } from '../x509/certificate.ts';

/** Why a path cannot be used: a sentence for our log, and the alert it raises. */
export interface PathFailure {
  readonly reason: string;
  readonly alert: CertificateAlert;
}

export function failure(alert: CertificateAlert, reason: string): PathFailure {
  return { alert, reason };
}

/** A certificate for people: its subject in quotes, printable whatever it contains. */
export function nameOf(certificate: Pick<Certificate, 'subject'>): string {
  return `"${certificateName(certificate)}"`;
}

/** A name (DER) for people. */
export function printName(name: Uint8Array): string {
  return printDn(name) ?? '(invalid ID_DER_ASN1_DN)';
}

/** A moment in UTC for people. */
export function printTime(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime())
    ? String(milliseconds)
    : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
