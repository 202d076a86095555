import type { AuthRoundConfig, ConnectionConfig } from '../../config/connection-types.ts';
import { certificateName } from '../../credentials/certificate-name.ts';
import { CertEncoding, nameOfCertEncoding } from '../../proto/iana/cert-encodings.ts';
import { NotifyType } from '../../proto/iana/notify-types.ts';
import type { Message, Payload } from '../../proto/payload.ts';
import { toHex } from '../../util/hex.ts';
import type { IkeSa } from '../ike-sa.ts';
import { find, notify } from '../payloads.ts';

/** What a peer asked for in CERTREQ payloads. */
export interface CertRequests {
  /** Encodings of certificates it wants. */
  readonly encodings: ReadonlySet<number>;
  /** SHA-1 of the SubjectPublicKeyInfo of CAs, hex; none means any CA. */
  readonly authorities: ReadonlySet<string>;
}

export const NO_REQUESTS: CertRequests = { encodings: new Set(), authorities: new Set() };

/** Octets of the hash of a CA's key, RFC 7296 section 3.7. */
const HASH_OCTETS = 20;

/** CAs that are read, or named, in one message. */
const MAX_AUTHORITIES = 512;

/** CAs named in an IKE_SA_INIT response, which cannot be fragmented. */
const MAX_EARLY_AUTHORITIES = 16;

/** Adds the CERTREQ payloads of a message to what is known. */
export function readCertRequests(sa: IkeSa, message: Message, known: CertRequests): CertRequests {
  if (find(message, 'CERTREQ') === undefined) return known;
  const encodings = new Set(known.encodings);
  const authorities = new Set(known.authorities);
  for (const payload of message.payloads) {
    if (payload.kind !== 'CERTREQ') continue;
    encodings.add(payload.encoding);
    if (payload.encoding === CertEncoding.OCSP_CONTENT) logOcspRequest(sa, payload.authorities);
    if (payload.encoding !== CertEncoding.X509_SIGNATURE) continue;
    for (let at = 0; at + HASH_OCTETS <= payload.authorities.length; at += HASH_OCTETS) {
      if (authorities.size >= MAX_AUTHORITIES) break;
      authorities.add(toHex(payload.authorities.subarray(at, at + HASH_OCTETS)));
    }
  }
  if (encodings.size === known.encodings.size && authorities.size === known.authorities.size)
    return known;
  logRequests(sa, authorities);
  return { encodings, authorities };
}

function logOcspRequest(sa: IkeSa, authorities: Uint8Array): void {
  const text =
    authorities.length === 0
      ? 'received empty OCSP cert request'
      : `received OCSP cert request claiming trust for ${Math.floor(authorities.length / HASH_OCTETS)} responders`;
  sa.log.log('ike', 1, text);
}

function logRequests(sa: IkeSa, authorities: ReadonlySet<string>): void {
  if (!sa.log.enabled('ike', 1)) return;
  const known = sa.env.publicKeys
    .authorities()
    .filter((ca) => authorities.has(sa.env.rounds.authorityHash(ca) ?? ''));
  for (const ca of known.slice(0, MAX_EARLY_AUTHORITIES)) {
    sa.log.log('ike', 1, `received cert request for "${certificateName(ca)}"`);
  }
  const unknown = authorities.size - known.length;
  if (unknown > 0) sa.log.log('ike', 1, `received ${unknown} cert requests for an unknown ca`);
}

/**
 * The CERTREQ payloads of our message for peers of these connections: the CAs they are configured with, else all that are
 * trusted; raw public keys where they are expected (RFC 7670), and OCSP responses where they are wanted (RFC 4806).
 * `early` is the IKE_SA_INIT response, which cannot be long.
 */
export function certRequests(
  sa: IkeSa,
  connections: readonly ConnectionConfig[],
  early: boolean,
): readonly Payload[] {
  if (!connections.some(mayAsk)) return [];
  const asking = connections.filter(mayAsk);
  const rounds = asking.flatMap(({ remote }) => remote).filter(byKey);
  const decoded = rounds.map((round) => sa.env.rounds.of(round));
  const open = early || decoded.some(({ cas, publicKeys }) => cas.length + publicKeys.length === 0);
  // A list that stays the same array is hashed once.
  const [only] = decoded;
  const configured =
    only !== undefined && decoded.length === 1 ? only.cas : decoded.flatMap((round) => round.cas);
  const cas = open ? sa.env.publicKeys.authorities() : configured;
  const limit = early ? MAX_EARLY_AUTHORITIES : MAX_AUTHORITIES;
  const payloads: Payload[] = [];
  const { named, hashes, all } = sa.env.rounds.authorityHashes(cas, limit);
  if (sa.log.enabled('ike', 1)) {
    for (const ca of named)
      sa.log.log('ike', 1, `sending cert request for "${certificateName(ca)}"`);
    if (!all)
      sa.log.log('ike', 1, `sending cert requests for the first ${limit} of ${cas.length} CAs`);
  }
  if (named.length > 0) {
    payloads.push(request(CertEncoding.X509_SIGNATURE, hashes));
    const ocsp = asking.some((one) => one.ocsp === 'request' || one.ocsp === 'both');
    if (ocsp) payloads.push(request(CertEncoding.OCSP_CONTENT));
  }
  if (decoded.some(({ publicKeys }) => publicKeys.length > 0)) {
    payloads.push(request(CertEncoding.RAW_PUBLIC_KEY));
  }
  if (payloads.length > 0 && sa.env.options().hash_and_url) {
    payloads.push(notify(NotifyType.HTTP_CERT_LOOKUP_SUPPORTED));
  }
  for (const payload of payloads) {
    if (payload.kind === 'CERTREQ' && payload.encoding !== CertEncoding.X509_SIGNATURE) {
      sa.log.log('ike', 1, `sending cert request for ${nameOfCertEncoding(payload.encoding)}`);
    }
  }
  return payloads;
}

function mayAsk({ sendCertreq, remote }: ConnectionConfig): boolean {
  return sendCertreq && remote.some(byKey);
}

function byKey(round: AuthRoundConfig): boolean {
  return round.class === 'pubkey' || round.class === 'any';
}

function request(encoding: number, authorities: Uint8Array = new Uint8Array(0)): Payload {
  return { kind: 'CERTREQ', encoding, authorities };
}
