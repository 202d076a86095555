import type { ConfNode } from '../../config/conf-tree.ts';
import { list, type Tree, value } from '../../config/tree.ts';
import { MAX_VALUE } from '../../vici/element.ts';
import { checkName, FileProblem, secretOctets, sectionOf, TextProblem } from './conf-messages.ts';

/** Prefixes of sections with shared secrets. */
const SHARED = ['eap', 'xauth', 'ntlm', 'ike', 'ppk'];
/** Those that belong to keys and tokens. */
const OF_KEYS = ['private', 'rsa', 'ecdsa', 'pkcs8', 'pkcs12', 'token'];

/** What a section of `secrets` is, by the beginning of its name: a shared secret of a type, or something about the key of a folder. */
export type SecretKind =
  | { readonly kind: 'shared'; readonly type: string }
  | { readonly kind: 'key'; readonly folder: string }
  | { readonly kind: 'unknown' };

/** What the name of a section of `secrets` begins with; the first prefix that fits counts. */
export function secretKind(name: string): SecretKind {
  const lower = name.toLowerCase();
  const type = SHARED.find((prefix) => lower.startsWith(prefix));
  if (type !== undefined) return { kind: 'shared', type };
  const folder = OF_KEYS.find((prefix) => lower.startsWith(prefix));
  return folder === undefined ? { kind: 'unknown' } : { kind: 'key', folder };
}

/** Names of the shared secrets that would be sent. */
export function sharedSecrets(secrets: ConfNode): readonly string[] {
  return secrets.sectionNames().filter((name) => {
    const kind = secretKind(name);
    if (kind.kind !== 'shared') return false;
    try {
      return secretMessage(name, kind.type, sectionOf(secrets, name)) !== undefined;
    } catch (error) {
      if (!(error instanceof FileProblem)) throw error;
      return false;
    }
  });
}

/** What is sent of a shared secret; `undefined` if it has none. Throws `TextProblem`, which does not contain it. */
export function secretMessage(name: string, type: string, node: ConfNode): Tree | undefined {
  const secret = node.value('secret');
  if (secret === undefined) return undefined;
  checkName(name, node.position);
  const data = secretOctets(secret.text);
  if (data.length > MAX_VALUE) {
    const message = `it has ${data.length} octets, at most ${MAX_VALUE} are allowed`;
    throw new TextProblem(message, secret.position);
  }
  return [
    value('id', name),
    value('type', type),
    value('data', data),
    list('owners', ownersOf(node)),
  ];
}

/** Identities that a secret belongs to, as written. */
export function ownersOf(node: ConfNode): readonly string[] {
  return ownerKeys(node).map((key) => node.value(key)?.text ?? '');
}

/** The keys that hold them. */
export function ownerKeys(node: ConfNode): readonly string[] {
  return node.keys().filter((key) => key.startsWith('id'));
}
