import type { AuthClass, AuthRoundConfig } from './connection-types.ts';
import { invalidSection, invalidValue, SectionReader } from './section-reader.ts';
import type { Tree } from './tree.ts';

/** A round and where it sorts. */
export interface ParsedRound {
  readonly order: number;
  readonly round: AuthRoundConfig;
}

/** The round of a missing section: any method, any identity. */
export const EMPTY_ROUND: AuthRoundConfig = {
  class: 'any',
  auth: '',
  groups: [],
  certPolicy: [],
  certs: [],
  cacerts: [],
  pubkeys: [],
  revocation: 'relaxed',
};

/** Reads a `local…` or `remote…` section. */
export function parseAuthRound(
  side: 'local' | 'remote',
  name: string,
  tree: Tree,
  warn: (sentence: string) => void,
): ParsedRound {
  const reader = new SectionReader(side, tree, (sentence) => warn(`${name}: ${sentence}`));
  for (const { name: inner } of reader.sections) checkInner(side, name, inner);
  const auth = reader.text('auth') ?? 'pubkey';
  const [id, eapId] = [reader.identity('id'), reader.identity('eap_id')];
  const [aaaId, caId] = [
    side === 'local' ? reader.identity('aaa_id') : undefined,
    side === 'remote' ? reader.identity('ca_id') : undefined,
  ];
  const round: AuthRoundConfig = {
    class: authClass(name, auth),
    auth,
    ...(id === undefined ? {} : { id }),
    ...(eapId === undefined ? {} : { eapId }),
    ...(aaaId === undefined ? {} : { aaaId }),
    ...(caId === undefined ? {} : { caId }),
    groups: reader.identities('groups'),
    certPolicy: reader.texts('cert_policy') ?? [],
    certs: reader.blobs('certs'),
    cacerts: reader.blobs('cacerts'),
    pubkeys: reader.blobs('pubkeys'),
    revocation: reader.choice('revocation', 'relaxed', ['strict', 'ifuri', 'relaxed']),
  };
  return { order: reader.uint32('round', 0), round };
}

const MAX_AUTH = 63;

/** Only `psk` is in effect; the other methods are told apart from misspelt ones. */
function authClass(section: string, auth: string): AuthClass {
  const word = auth.toLowerCase();
  if (word === 'psk') return 'psk';
  const known =
    auth.length <= MAX_AUTH &&
    (/^(ike:|pubkey|rsa|ecdsa)/.test(auth) || word.startsWith('eap') || word.startsWith('xauth'));
  if (!known)
    throw invalidValue('auth', `'${auth.slice(0, MAX_AUTH)}' is none of: psk, pubkey, eap`);
  if (word.startsWith('xauth')) {
    throw invalidValue('auth', `'${auth}' belongs to IKEv1, which this daemon does not speak`);
  }
  const method = word.startsWith('eap') ? 'EAP' : 'public keys';
  throw invalidValue(
    'auth',
    `authentication with ${method} ('${auth}') is not yet in effect, write auth = psk in section '${section}'`,
  );
}

function checkInner(side: 'local' | 'remote', section: string, inner: string): void {
  const name = inner.toLowerCase();
  if (!name.startsWith('cert') && !(side === 'remote' && name.startsWith('cacert'))) {
    throw invalidSection(inner, `section '${section}' has no such sub-section`);
  }
  throw invalidValue(inner, `certificates are not evaluated yet`);
}
