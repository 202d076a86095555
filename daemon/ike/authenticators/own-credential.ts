import type { AuthRoundConfig } from '../../config/connection-types.ts';
import type { PublicKey } from '../../contracts/signatures.ts';
import { certificateName } from '../../credentials/certificate-name.ts';
import { ownCredentials } from '../../credentials/own-certificates.ts';
import type { Certificate } from '../../credentials/x509/certificate.ts';
import { IdType } from '../../proto/iana/id-types.ts';
import type { Identity } from '../../proto/identity.ts';
import { equalIdentity } from '../../proto/identity-match.ts';
import { printIdentity } from '../../proto/identity-text.ts';
import { toHex } from '../../util/hex.ts';
import type { FailureKind } from '../attempts/failure.ts';
import type { IkeEnvironment } from '../environment.ts';
import { AuthenticationError } from '../errors.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { Abilities } from './abilities.ts';
import { announced } from './announced-methods.ts';
import { type AuthScheme, ownSchemes } from './auth-schemes.ts';
import { NO_REQUESTS } from './cert-requests.ts';

/** A key of ours that can prove our identity to a peer, and what the peer gets to see of it. */
export interface OwnCredential {
  readonly publicKey: PublicKey;
  readonly certificate?: Certificate;
  /** CA certificates between ours and the root, in order; none for raw keys. */
  readonly issuers: readonly Certificate[];
  readonly by: AuthScheme;
}

/** Credentials that are looked at for one identity. */
const MAX_CANDIDATES = 16;

/**
 * The key we authenticate with in a round: of the certificates of the round, else of those loaded for our identity, else a raw key. Of
 * several the first one goes that is valid now, comes from a CA that the peer asked for, and signs as both sides can. Throws
 * {@link AuthenticationError} that says what is missing.
 */
export function ownCredential(
  sa: IkeSa,
  round: AuthRoundConfig,
  identity: Identity,
  peer: Abilities,
): OwnCredential {
  const reasons: string[] = [];
  for (const { key, certificate, chain } of candidates(sa.env, round, identity, peer)) {
    const { publicKey } = key;
    const by = schemeFor(sa, round, publicKey, peer);
    if (typeof by === 'string') reasons.push(`the ${by}`);
    else return { publicKey, issuers: chain, by, ...(certificate && { certificate }) };
  }
  const [reason = whyNone(sa.env, round, identity)] = reasons;
  throw new AuthenticationError(
    `no private key found for '${printIdentity(identity)}'${reason === undefined ? '; load a certificate that has this identity, and its private key' : `: ${reason}`}`,
    { failure: { kind: 'no-private-key', subject: printIdentity(identity) } },
  );
}

/** What keeps us from proving an identity with a key; `undefined` if nothing does. */
export function missingCredential(
  env: IkeEnvironment,
  round: AuthRoundConfig,
  identity: Identity,
): { readonly kind: FailureKind; readonly reason: string } | undefined {
  const [own] = candidates(env, round, identity, undefined);
  if (own === undefined) {
    const why = whyNone(env, round, identity) ?? 'no certificate with this identity is loaded';
    const reason = `no private key found for '${printIdentity(identity)}': ${why}`;
    return { kind: 'no-private-key', reason };
  }
  const { certificate } = own;
  const now = env.clock.wallClock();
  if (certificate === undefined || (certificate.notBefore <= now && now <= certificate.notAfter))
    return undefined;
  const name = certificateName(certificate);
  const state = now > certificate.notAfter ? 'has expired' : 'is not valid yet';
  return { kind: 'expired', reason: `our certificate "${name}" ${state}: peers will refuse it` };
}

/** Whether there is any key at all for an identity that has no method configured. */
export function hasCredential(sa: IkeSa, round: AuthRoundConfig, identity: Identity): boolean {
  if (sa.env.privateKeys.list().length === 0) return false;
  return candidates(sa.env, round, identity, undefined).length > 0;
}

function candidates(
  env: IkeEnvironment,
  round: AuthRoundConfig,
  identity: Identity,
  peer: Abilities | undefined,
): ReturnType<typeof ownCredentials> {
  const { clock, privateKeys, publicKeys, rounds } = env;
  const source = publicKeys.certificates.snapshot();
  const { certificates, publicKeys: keys } = rounds.of(round);
  const configured = certificates.length + keys.length > 0;
  const found = ownCredentials(
    {
      identity,
      certificates,
      // Of several raw keys the first is ours, the others tell peers what they may meet.
      publicKeys: keys.slice(0, 1),
      requestedCas: peer?.requests.authorities ?? NO_REQUESTS.authorities,
      now: clock.wallClock(),
    },
    { certificates: source, keys: privateKeys, authorityHash: (ca) => rounds.authorityHash(ca) },
  );
  if (configured || found.length > 0) return found.slice(0, MAX_CANDIDATES);
  const named = identity.type === IdType.ID_KEY_ID ? [toHex(identity.data)] : [];
  const ids = [...source.publicKeys(identity).map(({ keyId }) => keyId), ...named];
  return ids.flatMap((id) => {
    const key = privateKeys.find(id);
    return key === undefined ? [] : [{ key, chain: [] }];
  });
}

/** How we sign with a key, or why we cannot: the peer must take it, and the auth text allow it. */
function schemeFor(
  sa: IkeSa,
  round: AuthRoundConfig,
  publicKey: PublicKey,
  { peerHashes, methods }: Abilities,
): AuthScheme | string {
  const { auth } = sa.env.rounds.of(round);
  const { type } = publicKey;
  const text = (): string => `${type.kind.toUpperCase()} key of ${type.bits} bits`;
  const strong = auth.keys.some(({ kind, bits }) => kind === type.kind && type.bits >= bits);
  if (auth.keys.length > 0 && !strong) return `${text()} does not fit auth = ${round.auth}`;
  const schemes = ownSchemes(type, auth, { peerHashes, rsaPss: sa.env.options().rsa_pss });
  const [by] = announced(schemes, publicKey, methods);
  if (by !== undefined) return by;
  const why =
    peerHashes === undefined
      ? 'digital signatures of RFC 7427 are not supported by both sides'
      : 'the peer announced none of the hashes for it';
  return `${text()} has no signature scheme in common with the peer: ${why}, ours is auth = ${round.auth || 'pubkey'}`;
}

/** What the operator may have meant. */
function whyNone(
  env: IkeEnvironment,
  round: AuthRoundConfig,
  identity: Identity,
): string | undefined {
  const { publicKeys, privateKeys, rounds } = env;
  const { certificates, publicKeys: keys } = rounds.of(round);
  const loaded = publicKeys.certificates.snapshot().byIdentity(identity);
  const [first] =
    certificates.length > 0 ? certificates : loaded.map(({ certificate }) => certificate);
  if (first === undefined) {
    const [raw] = keys;
    return raw && `the private key of the configured public key ${raw.keyId} is not loaded`;
  }
  const name = `certificate "${certificateName(first)}"`;
  if (first.publicKey === undefined) return `${name} has a key of a kind that is not supported`;
  if (!first.identities.some((id) => equalIdentity(id, identity))) {
    const who = printIdentity(identity);
    return `${name} does not contain our identity '${who}' as subject or subjectAltName`;
  }
  const { keyId } = first.publicKey;
  return privateKeys.find(keyId) === undefined
    ? `the private key of ${name} is not loaded (its id is ${keyId})`
    : undefined;
}
