import type { AttributeCertificate, AttributeHolder } from '../../credentials/x509/certificate.ts';
import { printDn } from '../../proto/distinguished-name.ts';
import { printIdentity } from '../../proto/identity-print.ts';
import { ConfiguredIdType } from '../../proto/identity-types.ts';
import { printable } from '../../util/bytes.ts';
import {
  type CertStyle,
  colons,
  indented,
  nameText,
  serialText,
  validityLines,
} from './cert-text.ts';

/** An attribute certificate as `--list-certs` lays it out. */
export function attributeCertificateText(ac: AttributeCertificate, style: CertStyle): string {
  const { certificate } = ac.holder;
  const keyId = ac.authorityKeyId?.keyId;
  return indented([
    `subject:  "${holderText(ac.holder)}"`,
    `issuer:   "${printDn(ac.issuer) ?? ''}"`,
    ...validityLines(ac.notBefore, ac.notAfter, style),
    `serial:    ${serialText(ac.serial)}`,
    ...(certificate === undefined
      ? []
      : [
          `hissuer:  "${printDn(certificate.issuer) ?? ''}"`,
          `hserial:   ${serialText(certificate.serial)}`,
        ]),
    ...ac.groups.map(({ kind, value }, i) => {
      const text = kind === 'octets' ? colons(value) : printable(value);
      return `${i === 0 ? 'groups:    ' : '           '}${text}`;
    }),
    ...(keyId === undefined ? [] : [`authkey:  ${colons(keyId)}`]),
  ]);
}

// Who is known by the number of a certificate alone is called so.
function holderText({ names: [name], certificate, digest }: AttributeHolder): string {
  if (name !== undefined) return nameText(name);
  const data = certificate?.serial ?? digest?.value ?? new Uint8Array(0);
  return printIdentity({ type: ConfiguredIdType.ID_KEY_ID, data });
}
