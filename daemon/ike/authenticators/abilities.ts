import type { ConnectionConfig } from '../../config/connection-types.ts';
import { HashAlgorithm } from '../../proto/iana/hash-algorithms.ts';
import { NotifyType } from '../../proto/iana/notify-types.ts';
import type { Message, Payload } from '../../proto/payload.ts';
import { type AnnouncedMethod, decodeAuthMethods } from '../../wire/auth-methods.ts';
import type { IkeSa } from '../ike-sa.ts';
import { findNotify, notify } from '../payloads.ts';
import { type CertRequests, NO_REQUESTS, readCertRequests } from './cert-requests.ts';

/** What the two sides said about authentication before it began. */
export interface Abilities {
  /** Hashes of RFC 7427 that the peer verifies; `undefined` if it does not know the extension. */
  readonly peerHashes: ReadonlySet<number> | undefined;
  /** Those we announced; a signature with another one is refused. */
  readonly ownHashes: ReadonlySet<number> | undefined;
  /** The peer knows several rounds (RFC 4739). */
  readonly rounds: boolean;
  /** The peer fetches certificates (RFC 7296 section 3.6). */
  readonly fetches: boolean;
  /** Methods that the peer verifies (RFC 9593); `undefined` if it does not say. */
  readonly methods: readonly AnnouncedMethod[] | undefined;
  readonly requests: CertRequests;
}

/** Nothing is known of the peer but this message. */
export function readAbilities(
  sa: IkeSa,
  message: Message,
  ownHashes: ReadonlySet<number> | undefined,
): Abilities {
  const none: Abilities = {
    peerHashes: undefined,
    ownHashes,
    rounds: false,
    fetches: false,
    methods: undefined,
    requests: NO_REQUESTS,
  };
  return moreAbilities(sa, none, message);
}

/** What a further message of the peer adds. */
export function moreAbilities(sa: IkeSa, known: Abilities, message: Message): Abilities {
  // Who does not announce digital signatures does not make them either.
  const hashes = known.ownHashes && findNotify(message, NotifyType.SIGNATURE_HASH_ALGORITHMS);
  const methods = findNotify(message, NotifyType.SUPPORTED_AUTH_METHODS);
  const has = (type: number): boolean => findNotify(message, type) !== undefined;
  const listed = methods && decodeAuthMethods(methods.data);
  return {
    ...known,
    peerHashes: hashes === undefined ? known.peerHashes : readHashes(hashes.data),
    rounds: known.rounds || has(NotifyType.MULTIPLE_AUTH_SUPPORTED),
    fetches: known.fetches || has(NotifyType.HTTP_CERT_LOOKUP_SUPPORTED),
    methods: listed !== undefined && listed.length > 0 ? listed : known.methods,
    requests: readCertRequests(sa, message, known.requests),
  };
}

const { SHA1, SHA2_256, SHA2_384, SHA2_512, IDENTITY } = HashAlgorithm;
const WITHOUT_SHA1: ReadonlySet<number> = new Set([SHA2_256, SHA2_384, SHA2_512, IDENTITY]);
const WITH_SHA1: ReadonlySet<number> = new Set([SHA1, ...WITHOUT_SHA1]);

/** Hashes that a notify can name; more of them are not read. */
const MAX_HASHES = 64;

function readHashes(data: Uint8Array): ReadonlySet<number> {
  const hashes = new Set<number>();
  for (let i = 0; i + 1 < data.length && hashes.size < MAX_HASHES; i += 2) {
    hashes.add(((data[i] ?? 0) << 8) | (data[i + 1] ?? 0));
  }
  return hashes;
}

/**
 * Hashes that we announce for these connections, RFC 7427 section 4: SHA-2 and the identity, and SHA-1 where one of them names it.
 * `undefined` where digital signatures are switched off, for peers that stumble over them.
 */
export function announcedHashes(
  sa: IkeSa,
  connections: readonly ConnectionConfig[],
): ReadonlySet<number> | undefined {
  if (!sa.env.options().signature_authentication) return undefined;
  const sha1 = connections.some(({ remote }) =>
    remote.some((round) =>
      sa.env.rounds.of(round).auth.schemes.some(({ hash }) => hash === 'sha1'),
    ),
  );
  return sha1 ? WITH_SHA1 : WITHOUT_SHA1;
}

/** N(SIGNATURE_HASH_ALGORITHMS), if we announce any. */
export function hashesPayload(hashes: ReadonlySet<number> | undefined): readonly Payload[] {
  if (hashes === undefined) return [];
  const data = Uint8Array.from([...hashes].flatMap((hash) => [hash >>> 8, hash & 0xff]));
  return [notify(NotifyType.SIGNATURE_HASH_ALGORITHMS, data)];
}

/** N(MULTIPLE_AUTH_SUPPORTED), RFC 4739, unless it is switched off. */
export function roundsPayload(sa: IkeSa): readonly Payload[] {
  if (!sa.env.options().multiple_authentication) return [];
  return [notify(NotifyType.MULTIPLE_AUTH_SUPPORTED)];
}
