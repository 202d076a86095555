import type { CredentialType } from '../contracts/credentials.ts';
import { isPem, type PemBlock, pemBlocks } from './pem-blocks.ts';
import { problemText } from './x509/decoded.ts';
import { isPkcs7, openPkcs7 } from './x509/pkcs7-bundle.ts';

/** DER of one credential of a file or request. */
export interface CredentialBlock {
  readonly der: Uint8Array;
  /** Of PEM; what comes out of a bundle has none. */
  readonly label: string | undefined;
  /** It was in a PKCS#7 bundle, where the order means nothing. */
  readonly bundled: boolean;
}

/** The blocks in their order, or what is wrong. */
export type CredentialBlocks =
  | { readonly ok: true; readonly blocks: readonly CredentialBlock[] }
  | { readonly ok: false; readonly reason: string };

const BUNDLES = ['PKCS7', 'PKCS #7 SIGNED DATA', 'CMS'];

/** Every block of a PEM text, or the DER itself; PKCS#7 bundles are replaced by the certificates or CRLs in them. */
export function credentialBlocks(data: Uint8Array, type: CredentialType): CredentialBlocks {
  const pem = isPem(data) ? pemBlocks(data) : undefined;
  if (pem?.ok === false) return pem;
  const given: readonly (PemBlock | { readonly label: undefined; readonly der: Uint8Array })[] =
    pem?.blocks ?? [{ der: data, label: undefined }];
  const blocks: CredentialBlock[] = [];
  for (const { label, der } of given) {
    const bundle = label === undefined ? isPkcs7(der) : BUNDLES.includes(label);
    if (!bundle || (type !== 'X509' && type !== 'X509_CRL')) {
      blocks.push({ label, der, bundled: false });
      continue;
    }
    const opened = openPkcs7(der);
    if (!opened.ok)
      return { ok: false, reason: `a PKCS#7 container (${problemText(opened.problem)})` };
    const { certificates, crls } = opened.value;
    const inside = type === 'X509' ? certificates : crls;
    if (inside.length === 0)
      return { ok: false, reason: 'a PKCS#7 container with nothing of that kind in it' };
    for (const octets of inside) blocks.push({ label: undefined, der: octets, bundled: true });
  }
  return { ok: true, blocks };
}
