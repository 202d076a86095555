import type { CertificateFlag, CredentialView } from '../contracts/credentials.ts';
import type { PrivateKeys } from '../contracts/signatures.ts';
import type { Identity } from '../proto/identity.ts';
import { matchIdentity, type RdnMatching } from '../proto/identity-match.ts';
import { ConfiguredIdType } from '../proto/identity-types.ts';
import { keyOwner } from './certificate-index.ts';
import type { Credential } from './stored.ts';

const FLAGS: readonly CertificateFlag[] = ['NONE', 'CA', 'AA', 'OCSP'];

/**
 * In the order in which `list-certs` tells them: raw keys, certificates by their flag, attribute certificates, CRLs, OCSP responses; of
 * each kind the last loaded first. `credentials` are in the order of loading.
 */
export function listOrder(credentials: readonly Credential[]): readonly Credential[] {
  return credentials.toReversed().sort((a, b) => rankOf(a) - rankOf(b));
}

/** The credential as it is listed. */
export function certificateView(
  credential: Credential,
  keys: Pick<PrivateKeys, 'find'>,
): CredentialView {
  const key =
    credential.type === 'X509'
      ? credential.value.publicKey
      : credential.type === 'PUBKEY'
        ? credential.value.key
        : undefined;
  return {
    type: credential.type,
    ...(credential.type === 'X509' ? { flag: credential.flag } : {}),
    hasPrivateKey: key !== undefined && keys.find(key.keyId) !== undefined,
    data: credential.value.der,
    ...(credential.type === 'PUBKEY' && credential.value.subject !== undefined
      ? { subject: credential.value.subject }
      : {}),
  };
}

/** Whether a credential is about an identity, which may be a pattern; a CRL is about its issuer. */
export function matchesSubject(
  credential: Credential,
  wanted: Identity,
  rdnMatching: RdnMatching,
): boolean {
  return identitiesOf(credential).some(
    (identity) => matchIdentity(wanted, identity, rdnMatching) > 0,
  );
}

function identitiesOf(credential: Credential): readonly Identity[] {
  switch (credential.type) {
    case 'X509':
      return credential.value.identities;
    case 'X509_CRL':
      return [{ type: ConfiguredIdType.ID_DER_ASN1_DN, data: credential.value.issuer }];
    case 'PUBKEY': {
      const { subject, ...key } = credential.value;
      return [keyOwner(key), ...(subject === undefined ? [] : [subject])];
    }
    case 'X509_AC':
      return credential.value.holder.names.flatMap((name) =>
        name.kind === 'directory'
          ? [{ type: ConfiguredIdType.ID_DER_ASN1_DN, data: name.name }]
          : [],
      );
    case 'OCSP_RESPONSE':
      return [];
  }
}

function rankOf(credential: Credential): number {
  switch (credential.type) {
    case 'PUBKEY':
      return 0;
    case 'X509':
      return 1 + FLAGS.indexOf(credential.flag);
    case 'X509_AC':
      return 5;
    case 'X509_CRL':
      return 6;
    case 'OCSP_RESPONSE':
      return 7;
  }
}
