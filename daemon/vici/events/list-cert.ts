import { flag, optional, type Tree, value } from '../../config/tree.ts';
import type { CredentialView } from '../../contracts/credentials.ts';
import { printIdentity } from '../../proto/identity-print.ts';

/** One credential, keys in the order of the protocol. */
export function listCertTree(view: CredentialView): Tree {
  return [
    value('type', view.type),
    ...optional('flag', view.flag),
    ...flag('has_privkey', view.hasPrivateKey),
    value('data', view.data),
    ...optional('subject', view.subject && printIdentity(view.subject)),
  ];
}
