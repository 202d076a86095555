import type { AuthRoundConfig } from '../../config/connection-types.ts';
import { certificateName } from '../../credentials/certificate-name.ts';
import type { KeyClaim, ReceivedCredentials } from '../../credentials/trust.ts';
import { algorithmOfScheme, schemeOfAlgorithm } from '../../crypto/signature-algorithms.ts';
import { AuthMethod, nameOfAuthMethod } from '../../proto/iana/auth-methods.ts';
import type { Identity } from '../../proto/identity.ts';
import { printIdentity } from '../../proto/identity-text.ts';
import type { Payload } from '../../proto/payload.ts';
import { concatBytes, equalBytes } from '../../util/bytes.ts';
import { errorText, InternalError } from '../../util/error.ts';
import type { Waits } from '../../util/waits.ts';
import { alert } from '../announce.ts';
import { distrust } from '../attempts/failure.ts';
import { AuthenticationError } from '../errors.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { SignedMessage } from '../initial-exchanges.ts';
import type { Abilities } from './abilities.ts';
import {
  type AuthScheme,
  classicSchemes,
  fitsKey,
  hashNumber,
  mayUse,
  nameOfAuthScheme,
  nameOfScheme,
} from './auth-schemes.ts';
import { AuthenticatedPeer, type Disbelief, ProvenSignature } from './authenticated-peer.ts';
import { octetsToSign } from './octets.ts';
import type { OwnCredential } from './own-credential.ts';

/** Our AUTH payload, signed with a key of ours; signing is done elsewhere and may take a while. */
export async function buildSignatureAuth(
  sa: IkeSa,
  own: SignedMessage,
  local: Identity,
  { publicKey, by }: OwnCredential,
): Promise<Payload> {
  const { octets } = octetsToSign(sa, own, local);
  const who = printIdentity(local);
  let signature: Uint8Array;
  try {
    signature = await sa.env.privateKeys.sign(publicKey.keyId, by.scheme, octets);
  } catch (error) {
    throw new AuthenticationError(
      `signing as '${who}' with ${nameOfAuthScheme(by)} failed: ${errorText(error)}`,
      { cause: error },
    );
  }
  sa.log.log(
    'ike',
    1,
    `authentication of '${who}' (myself) with ${nameOfAuthScheme(by)} successful`,
  );
  if (by.method !== AuthMethod.DIGITAL_SIGNATURE) {
    return { kind: 'AUTH', method: by.method, data: signature };
  }
  const level = publicKey.type.kind === 'ml-dsa' ? publicKey.type.level : undefined;
  const algorithm = algorithmOfScheme(by.scheme, level);
  if (algorithm === undefined) throw new InternalError(`no identifier of ${nameOfAuthScheme(by)}`);
  const data = concatBytes(Uint8Array.of(algorithm.length), algorithm, signature);
  return { kind: 'AUTH', method: by.method, data };
}

/** What a peer sent to prove itself with a key in one round. */
export interface ReceivedSignature {
  readonly identity: Identity;
  readonly method: number;
  readonly data: Uint8Array;
  readonly credentials: ReceivedCredentials;
  readonly theirs: SignedMessage;
  readonly abilities: Abilities;
}

/** Keys tried against one signature. */
const MAX_CLAIMS = 8;

/** Claims that are judged for one round: a judgement may mean fetching. */
const MAX_JUDGEMENTS = 3;

const SIGNATURE_METHODS: ReadonlySet<number> = new Set([
  AuthMethod.RSA_DIGITAL_SIGNATURE,
  AuthMethod.ECDSA_SHA256_P256,
  AuthMethod.ECDSA_SHA384_P384,
  AuthMethod.ECDSA_SHA512_P521,
  AuthMethod.DIGITAL_SIGNATURE,
]);

/** Whether an AUTH method is a signature that we can verify. */
export function isSignature(method: number): boolean {
  return SIGNATURE_METHODS.has(method);
}

/**
 * A signature of a peer and what was found out about it: a key is tried once, however many connections the peer may belong to.
 * First the signature is verified, then it is asked whose key it is, so that nobody can make us fetch anything without owning a key.
 */
export class SignatureProof {
  readonly #sa: IkeSa;
  readonly #received: ReceivedSignature;
  readonly #octets: Uint8Array;
  readonly #proven: ProvenSignature[] = [];
  /** SubjectPublicKeyInfo of keys that did not make this signature. */
  readonly #refuted: Uint8Array[] = [];

  constructor(sa: IkeSa, received: ReceivedSignature) {
    this.#sa = sa;
    this.#received = received;
    this.#octets = octetsToSign(sa, received.theirs, received.identity).octets;
  }

  /** The peer, under what a round of the configuration demands. Throws {@link AuthenticationError}. */
  *peer(round: AuthRoundConfig): Waits<AuthenticatedPeer> {
    const { env, log } = this.#sa;
    const { identity, credentials } = this.#received;
    const { constraints } = env.rounds.of(round);
    const { trust } = env.publicKeys;
    const who = printIdentity(identity);
    const claims = trust.claims(identity, credentials, constraints).slice(0, MAX_CLAIMS);
    const schemes = this.#namedSchemes();
    const warn = (sentence: string): void => log.log('cfg', 1, sentence);
    let disbelief: Disbelief | undefined;
    let judged = 0;
    for (const claim of claims) {
      if (claim.certificate !== undefined) {
        log.log('cfg', 1, `using certificate "${certificateName(claim.certificate)}"`);
      }
      const proven = yield* this.#prove(claim, schemes);
      if (proven === undefined) {
        log.log('ike', 1, 'signature validation failed, looking for another key');
        continue;
      }
      const unmet = this.#unmet(proven.by, round);
      if (unmet !== undefined) {
        throw new AuthenticationError(`constraint check failed: ${unmet}`, {
          failure: { kind: 'method' },
        });
      }
      if (judged++ === MAX_JUDGEMENTS) break;
      const peer = yield* AuthenticatedPeer.bySignature(
        proven,
        trust,
        credentials,
        constraints,
        this.#sa.patience,
        warn,
      );
      if (peer instanceof AuthenticatedPeer) {
        log.log('ike', 1, `authentication of '${who}' with ${peer.method} successful`);
        return peer;
      }
      log.log('cfg', 1, peer.reason);
      if (peer.alert !== undefined) alert(env, peer.alert, this.#sa);
      disbelief ??= peer;
    }
    const reason = this.#failure(who, claims, disbelief?.reason);
    const sent = claims.length > 0 || credentials.certificates.length > 0;
    throw new AuthenticationError(reason, { failure: distrust(who, disbelief?.alert, sent) });
  }

  #failure(who: string, claims: readonly KeyClaim[], reason: string | undefined): string {
    const kind = this.#kind();
    if (reason !== undefined) {
      return `no trusted ${kind} public key found for '${who}': ${reason}`;
    }
    if (claims.length > 0) {
      return (
        `no trusted ${kind} public key found for '${who}': the signature was made by none of ` +
        `${claims.length} key${claims.length === 1 ? '' : 's'} that belong to this identity`
      );
    }
    const certificate = this.#received.credentials.certificates[0];
    const sent =
      certificate === undefined
        ? 'the peer sent no certificate, and none with this identity is loaded'
        : `the certificate "${certificateName(certificate)}" that the peer sent does not contain this identity, or is not among those that are accepted`;
    return `no trusted ${kind} public key found for '${who}': ${sent}`;
  }

  #kind(): string {
    const { method } = this.#received;
    if (method === AuthMethod.RSA_DIGITAL_SIGNATURE) return 'RSA';
    if (method !== AuthMethod.DIGITAL_SIGNATURE) return 'ECDSA';
    const [named] = this.#namedSchemes() ?? [];
    if (named === undefined) return '';
    const { kind } = named.scheme;
    return kind === 'ml-dsa' ? 'ML_DSA' : (kind.split('-')[0] ?? '').toUpperCase();
  }

  /** The scheme that the payload itself names; `undefined` where the key decides. Throws {@link AuthenticationError}. */
  #namedSchemes(): readonly AuthScheme[] | undefined {
    const { method, data, abilities } = this.#received;
    if (method !== AuthMethod.DIGITAL_SIGNATURE) return undefined;
    if (abilities.ownHashes === undefined) {
      throw new AuthenticationError(
        'peer used a digital signature (RFC 7427), which we did not announce',
      );
    }
    const algorithm = this.#algorithm();
    const scheme = schemeOfAlgorithm(algorithm);
    if (scheme === undefined || data.length === 1 + algorithm.length) {
      throw new AuthenticationError(
        'AUTH payload names a signature algorithm that is unknown or badly encoded, or has no signature',
      );
    }
    if (!abilities.ownHashes.has(hashNumber(scheme))) {
      throw new AuthenticationError(
        `peer signed with ${nameOfScheme(scheme)}, whose hash we did not announce`,
      );
    }
    return [{ method, scheme }];
  }

  #algorithm(): Uint8Array {
    const { data } = this.#received;
    return data.slice(1, 1 + (data[0] ?? 0));
  }

  *#prove(
    claim: KeyClaim,
    named: readonly AuthScheme[] | undefined,
  ): Waits<ProvenSignature | undefined> {
    for (const proven of this.#proven) {
      const again = proven.of(claim);
      if (again !== undefined) return again;
    }
    const { publicKey } = claim;
    if (this.#refuted.some((spki) => equalBytes(spki, publicKey.spki))) return undefined;
    const { method, data } = this.#received;
    const signature = named === undefined ? data : data.slice(1 + (data[0] ?? 0));
    const schemes =
      named?.filter(({ scheme }) => fitsKey(scheme, publicKey.type) && this.#isOf(claim)) ??
      classicSchemes(method, publicKey.type).map((scheme) => ({ method, scheme }));
    for (const by of schemes) {
      const proven = yield* ProvenSignature.verify(
        this.#sa.env.crypto.signatures,
        claim,
        by,
        this.#octets,
        signature,
      );
      if (proven === undefined) continue;
      this.#proven.push(proven);
      return proven;
    }
    this.#refuted.push(publicKey.spki);
    return undefined;
  }

  // ML-DSA has an identifier for each level, which must be that of the key.
  #isOf({ publicKey: { type } }: KeyClaim): boolean {
    if (type.kind !== 'ml-dsa') return true;
    const own = algorithmOfScheme({ kind: 'ml-dsa' }, type.level);
    return own !== undefined && equalBytes(own, this.#algorithm());
  }

  #unmet(by: AuthScheme, round: AuthRoundConfig): string | undefined {
    const options = this.#sa.env.options();
    const { auth } = this.#sa.env.rounds.of(round);
    const terms = {
      constrained: options.signature_authentication_constraints,
      rsaPss: options.rsa_pss,
    };
    if (mayUse(by.scheme, auth, terms)) return undefined;
    const name = nameOfScheme(by.scheme);
    return `signature scheme ${name} (${nameOfAuthMethod(by.method)}) is not acceptable with auth = ${round.auth || 'pubkey'}`;
  }
}
