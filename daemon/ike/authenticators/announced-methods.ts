import type { AuthRoundConfig, ConnectionConfig } from '../../config/connection-types.ts';
import type { PublicKey } from '../../contracts/signatures.ts';
import { algorithmOfScheme } from '../../crypto/signature-algorithms.ts';
import { AuthMethod } from '../../proto/iana/auth-methods.ts';
import { NotifyType } from '../../proto/iana/notify-types.ts';
import type { Payload } from '../../proto/payload.ts';
import { equalBytes } from '../../util/bytes.ts';
import { type AnnouncedMethod, encodeAuthMethods } from '../../wire/auth-methods.ts';
import type { IkeSa } from '../ike-sa.ts';
import { notify } from '../payloads.ts';
import { type AuthScheme, mayUse } from './auth-schemes.ts';

/**
 * The schemes that the peer says it verifies (RFC 9593), in our order; all of them if it says nothing. A peer whose list has none
 * of ours may still take one, so they are tried.
 */
export function announced(
  schemes: readonly AuthScheme[],
  key: PublicKey,
  methods: readonly AnnouncedMethod[] | undefined,
): readonly AuthScheme[] {
  if (methods === undefined) return schemes;
  const fitting = schemes.filter((scheme) => methods.some((method) => isFor(method, scheme, key)));
  return fitting.length === 0 ? schemes : fitting;
}

function isFor(announcement: AnnouncedMethod, { method, scheme }: AuthScheme, key: PublicKey) {
  if (announcement.method !== method) return false;
  const { algorithm } = announcement;
  if (method !== AuthMethod.DIGITAL_SIGNATURE || algorithm === undefined) return true;
  const level = key.type.kind === 'ml-dsa' ? key.type.level : undefined;
  const own = algorithmOfScheme(scheme, level);
  return own !== undefined && equalBytes(own, algorithm);
}

/** Schemes that are announced, best first: few enough for an IKE_SA_INIT response, which cannot be fragmented. */
const SCHEMES: readonly AuthScheme['scheme'][] = [
  { kind: 'ed25519' },
  { kind: 'ed448' },
  { kind: 'ecdsa', hash: 'sha256', encoding: 'der' },
  { kind: 'ecdsa', hash: 'sha384', encoding: 'der' },
  { kind: 'ecdsa', hash: 'sha512', encoding: 'der' },
  { kind: 'rsa-pss', hash: 'sha256', saltOctets: 32 },
  { kind: 'rsa-pkcs1', hash: 'sha256' },
  { kind: 'rsa-pkcs1', hash: 'sha384' },
  { kind: 'rsa-pkcs1', hash: 'sha512' },
];

/**
 * N(SUPPORTED_AUTH_METHODS) for peers of these connections: what their remote rounds accept. Nothing where only one kind of method is left
 * to choose: it would tell the peer what it knows.
 */
export function methodsPayload(
  sa: IkeSa,
  connections: readonly ConnectionConfig[],
): readonly Payload[] {
  const options = sa.env.options();
  if (!options.signature_authentication || !connections.some(mayProveByKey)) return [];
  const rounds = connections.flatMap(({ remote }) => remote);
  const byKey = rounds.filter(isByKey);
  const terms = {
    constrained: options.signature_authentication_constraints,
    rsaPss: options.rsa_pss,
  };
  const methods: AnnouncedMethod[] = SCHEMES.filter((scheme) =>
    byKey.some((round) => mayUse(scheme, sa.env.rounds.of(round).auth, terms)),
  ).flatMap((scheme) => {
    const algorithm = algorithmOfScheme(scheme);
    return algorithm === undefined
      ? []
      : [{ method: AuthMethod.DIGITAL_SIGNATURE, authority: 0, algorithm }];
  });
  const has = (kind: string): boolean => rounds.some((round) => round.class === kind);
  if (has('psk') || has('any')) methods.push({ method: AuthMethod.SHARED_KEY_MIC, authority: 0 });
  if (has('null')) methods.push({ method: AuthMethod.NULL, authority: 0 });
  return [notify(NotifyType.SUPPORTED_AUTH_METHODS, encodeAuthMethods(methods))];
}

function mayProveByKey({ remote }: ConnectionConfig): boolean {
  return remote.some(isByKey);
}

function isByKey(round: AuthRoundConfig): boolean {
  return round.class === 'pubkey' || round.class === 'any';
}
