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
  const fitting = schemes.filter((scheme) => isAmong(methods, scheme, key));
  return fitting.length === 0 ? schemes : fitting;
}

function isAmong(
  methods: readonly AnnouncedMethod[],
  { method, scheme }: AuthScheme,
  { type }: PublicKey,
): boolean {
  const own = algorithmOfScheme(scheme, type.kind === 'ml-dsa' ? type.level : undefined);
  return methods.some((announced) => {
    if (announced.method !== method) return false;
    const { algorithm } = announced;
    if (method !== AuthMethod.DIGITAL_SIGNATURE || algorithm === undefined) return true;
    return own !== undefined && equalBytes(own, algorithm);
  });
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
  const has = (kind: string): boolean => rounds.some((round) => round.class === kind);
  let choice = (has('psk') || has('any') ? 1 : 0) | (has('null') ? 2 : 0);
  for (const [index, scheme] of SCHEMES.entries()) {
    const accepted = byKey.some((round) => mayUse(scheme, sa.env.rounds.of(round).auth, terms));
    if (accepted) choice |= 4 << index;
  }
  const known = encodings.get(choice) ?? encodeAuthMethods(methodsOf(choice));
  encodings.set(choice, known);
  return [notify(NotifyType.SUPPORTED_AUTH_METHODS, known)];
}

/** Contents of the notify by what is chosen: a bit each for shared keys, for NULL, and for every one of {@link SCHEMES}. */
const encodings = new Map<number, Uint8Array>();

function methodsOf(choice: number): readonly AnnouncedMethod[] {
  const methods: AnnouncedMethod[] = [];
  for (const [index, scheme] of SCHEMES.entries()) {
    const algorithm = algorithmOfScheme(scheme);
    if ((choice & (4 << index)) === 0 || algorithm === undefined) continue;
    methods.push({ method: AuthMethod.DIGITAL_SIGNATURE, authority: 0, algorithm });
  }
  if ((choice & 1) !== 0) methods.push({ method: AuthMethod.SHARED_KEY_MIC, authority: 0 });
  if ((choice & 2) !== 0) methods.push({ method: AuthMethod.NULL, authority: 0 });
  return methods;
}

function mayProveByKey({ remote }: ConnectionConfig): boolean {
  return remote.some(isByKey);
}

function isByKey(round: AuthRoundConfig): boolean {
  return round.class === 'pubkey' || round.class === 'any';
}
