import { printDn } from '../proto/distinguished-name.ts';
import type { Certificate } from './x509/certificate.ts';

/** By the octets of a subject, which never change: a certificate is named many times while a peer is judged. */
const names = new WeakMap<Uint8Array, string>();

/** The subject of a certificate for people, printable whatever it contains. */
export function certificateName({ subject }: Pick<Certificate, 'subject'>): string {
  const known = names.get(subject);
  if (known !== undefined) return known;
  const name = printDn(subject) ?? '(invalid ID_DER_ASN1_DN)';
  names.set(subject, name);
  return name;
}
