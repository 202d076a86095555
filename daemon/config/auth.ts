import { didYouMean } from '../util/did-you-mean.ts';
import { MAX_AUTH_TEXT, parsePublicKeyAuth } from './auth-text.ts';
import type { AuthClass, AuthRoundConfig, ConfiguredCertificate } from './connection-types.ts';
import type { CredentialReader, ReadCredential } from './credential-reader.ts';
import type { SectionMemo } from './section-memo.ts';
import { invalidSection, invalidValue, SectionReader, type Warn } from './section-reader.ts';
import type { Tree } from './tree.ts';

/** A round and where it sorts. */
export interface ParsedRound {
  readonly order: number;
  readonly round: AuthRoundConfig;
}

/** The round of a missing section: any method that proves something, any identity. */
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

/** What reading a round takes beside its text. */
export interface RoundServices {
  readonly warn: Warn;
  readonly credentials?: CredentialReader | undefined;
  readonly memo: SectionMemo;
}

/** Keys that differ from peer to peer where there are thousands of them. */
const VARIES: ReadonlySet<string> = new Set(['id']);

/** Reads a `local…` or `remote…` section; what a like one said before is not read again. */
export function parseAuthRound(
  side: 'local' | 'remote',
  name: string,
  tree: Tree,
  services: RoundServices,
): ParsedRound {
  const { memo, warn } = services;
  const { varying, common } = memo.split(tree, VARIES);
  if (common === undefined || tree.some(({ kind }) => kind === 'section'))
    return readAuthRound(side, name, tree, services);
  const key = `${side}:${varying.length === 0 ? 'anybody' : 'named'}:${common}`;
  const like = memo.rounds.get(key);
  if (like !== undefined) {
    if (varying.length === 0) return like;
    const id = new SectionReader(side, varying, warn).identity('id');
    return id === undefined ? like : { ...like, round: { ...like.round, id } };
  }
  let warned = false;
  const parsed = readAuthRound(side, name, tree, {
    ...services,
    warn: (...what) => {
      warned = true;
      warn(...what);
    },
  });
  if (!warned && isPlainRound(parsed.round)) memo.rounds.set(key, parsed);
  return parsed;
}

/** Whether the same text always reads the same: certificates and keys may read differently another time. */
export function isPlainRound({ class: kind, certs, cacerts, pubkeys }: AuthRoundConfig): boolean {
  return kind !== 'null' && certs.length + cacerts.length + pubkeys.length === 0;
}

function readAuthRound(
  side: 'local' | 'remote',
  name: string,
  tree: Tree,
  { warn, credentials }: RoundServices,
): ParsedRound {
  const reader = new SectionReader(side, tree, (sentence, at) =>
    warn(`${name}: ${sentence}`, [name, ...at]),
  );
  for (const { name: inner } of reader.sections) checkInner(side, name, inner);
  const auth = reader.text('auth') ?? 'pubkey';
  const certificates = (key: 'certs' | 'cacerts'): readonly ConfiguredCertificate[] =>
    reader
      .blobs(key)
      .map((blob) => readBlob(key, credentials?.certificate(blob, key === 'cacerts')));
  const certs = certificates('certs');
  const given = reader.identity('id');
  // A certificate says whose it is.
  const id = given ?? certs[0]?.subject;
  const eapId = reader.identity('eap_id');
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
    certPolicy: (reader.texts('cert_policy') ?? []).map(policyOid),
    certs,
    cacerts: certificates('cacerts'),
    pubkeys: reader
      .blobs('pubkeys')
      .map((blob) => readBlob('pubkeys', credentials?.publicKey(blob))),
    revocation: reader.choice('revocation', 'relaxed', ['strict', 'ifuri', 'relaxed']),
  };
  checkNull(round, given !== undefined);
  if (side === 'remote' && round.class === 'psk') checkPsk(round);
  return { order: reader.uint32('round', 0), round };
}

function readBlob<T>(key: string, read: ReadCredential<T> | undefined): T {
  if (read === undefined) {
    throw invalidValue(key, 'this daemon runs without anything that reads certificates or keys');
  }
  if (!read.ok) throw invalidValue(key, read.reason);
  return read.value;
}

function policyOid(text: string): string {
  if (/^[0-2](\.(0|[1-9][0-9]{0,9})){1,31}$/.test(text)) return text;
  throw invalidValue('cert_policy', `'${text}' is no object identifier in dotted decimal`);
}

/** The method of a round, told apart from misspelt ones. */
function authClass(section: string, auth: string): AuthClass {
  const word = auth.toLowerCase();
  if (word === 'psk') return 'psk';
  if (word === 'null') return 'null';
  if (auth.length <= MAX_AUTH_TEXT && word.startsWith('xauth')) {
    throw invalidValue('auth', `'${auth}' belongs to IKEv1, which this daemon does not speak`);
  }
  if (auth.length <= MAX_AUTH_TEXT && word.startsWith('eap')) {
    throw invalidValue(
      'auth',
      `authentication with EAP ('${auth}') is not yet in effect, write auth = psk or pubkey in section '${section}'`,
    );
  }
  if (!/^(ike:|pubkey|rsa|ecdsa)/.test(auth)) {
    const similar = didYouMean(word, ['psk', 'pubkey', 'rsa', 'ecdsa', 'null']);
    const hint = /^(ed25519|ed448|mldsa)/.test(word)
      ? `; write 'ike:${word}'`
      : similar === undefined
        ? ''
        : `; did you mean '${similar}'?`;
    throw invalidValue(
      'auth',
      `'${auth.slice(0, MAX_AUTH_TEXT)}' is none of: psk, pubkey, rsa, ecdsa, ike:..., null${hint}`,
    );
  }
  const parsed = parsePublicKeyAuth(auth);
  if ('reason' in parsed) {
    throw invalidValue('auth', `'${auth.slice(0, MAX_AUTH_TEXT)}': ${parsed.reason}`);
  }
  return 'pubkey';
}

// Whoever proves nothing has no name that could be checked, and no certificate.
function checkNull(round: AuthRoundConfig, named: boolean): void {
  if (round.class !== 'null') return;
  const { certs, cacerts, pubkeys, groups, certPolicy, caId } = round;
  const demands = [certs, cacerts, pubkeys, groups, certPolicy].some((list) => list.length > 0);
  if (!named && !demands && caId === undefined) return;
  throw invalidValue(
    'auth',
    'null proves nothing: an identity, certificates, keys, groups or policies beside it would never be checked, leave them out',
  );
}

// A shared secret comes without a certificate: a connection that took it all the same would let in more than was written.
function checkPsk(round: AuthRoundConfig): void {
  const { certs, cacerts, pubkeys, groups, certPolicy, caId, revocation } = round;
  const demands = { certs, cacerts, pubkeys, groups, cert_policy: certPolicy };
  const demanded =
    Object.entries(demands).find(([, list]) => list.length > 0)?.[0] ??
    (caId !== undefined ? 'ca_id' : revocation !== 'relaxed' ? 'revocation' : undefined);
  if (demanded === undefined) return;
  throw invalidValue(
    demanded,
    'a peer that authenticates with auth = psk has no certificate and no key that could meet it',
  );
}

function checkInner(side: 'local' | 'remote', section: string, inner: string): void {
  const name = inner.toLowerCase();
  const list = name.startsWith('cert')
    ? 'certs'
    : side === 'remote' && name.startsWith('cacert')
      ? 'cacerts'
      : undefined;
  if (list === undefined) {
    throw invalidSection(inner, `section '${section}' has no such sub-section`);
  }
  throw invalidSection(
    inner,
    `the daemon opens no files and no tokens on behalf of a caller, name the file in ${list} = ... of section '${section}' instead: swanctl reads it`,
  );
}
