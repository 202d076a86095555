import { list, optional, section, type Tree, value } from '../../config/tree.ts';
import type { AuthorityView } from '../../contracts/credentials.ts';
import { printIdentity } from '../../proto/identity-print.ts';

/** One authority, keys in the order of the protocol. */
export function listAuthorityTree(authority: AuthorityView): Tree {
  return [
    section(authority.name, [
      value('cacert', printIdentity(authority.subject)),
      list('crl_uris', authority.crlUris),
      list('ocsp_uris', authority.ocspUris),
      ...optional('cert_uri_base', authority.certUriBase),
    ]),
  ];
}
