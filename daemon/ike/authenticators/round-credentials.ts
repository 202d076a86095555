import { type PublicKeyAuth, parsePublicKeyAuth } from '../../config/auth-text.ts';
import type { AuthRoundConfig, ConfiguredCertificate } from '../../config/connection-types.ts';
import type { Crypto } from '../../contracts/crypto.ts';
import type { PublicKey } from '../../contracts/signatures.ts';
import type { TrustConstraints } from '../../credentials/trust.ts';
import type { Certificate } from '../../credentials/x509/certificate.ts';
import { decodeCertificate } from '../../credentials/x509/decode-certificate.ts';
import { fromHex, toHex } from '../../util/hex.ts';

/** A round of the configuration with its certificates, keys and texts decoded. */
export interface RoundCredentials {
  readonly auth: PublicKeyAuth;
  readonly certificates: readonly Certificate[];
  readonly cas: readonly Certificate[];
  readonly publicKeys: readonly PublicKey[];
  /** What it demands of peers. */
  readonly constraints: TrustConstraints;
}

/** CAs as a CERTREQ payload names them. */
export interface AuthorityHashes {
  /** CAs of different keys, in the order of the list. */
  readonly named: readonly Certificate[];
  /** SHA-1 of their SubjectPublicKeyInfo, joined. */
  readonly hashes: Uint8Array;
  /** Whether the limit left none out. */
  readonly all: boolean;
}

const ANY: PublicKeyAuth = { keys: [], hashes: [], schemes: [], explicit: false };

/** Decodes each round of the configuration once, and hashes each CA once, however many peers it is used for. */
export class RoundCredentialsCache {
  readonly #crypto: Pick<Crypto, 'signatures' | 'hash'>;
  readonly #decoded = new WeakMap<AuthRoundConfig, RoundCredentials>();
  readonly #hashes = new WeakMap<Certificate, string>();
  readonly #lists = new WeakMap<readonly Certificate[], AuthorityHashes & { limit: number }>();

  constructor(crypto: Pick<Crypto, 'signatures' | 'hash'>) {
    this.#crypto = crypto;
  }

  /** By what CERTREQ payloads name a CA, hex (RFC 7296 section 3.7); `undefined` if its key is of a kind that we do not know. */
  authorityHash(ca: Certificate): string | undefined {
    const known = this.#hashes.get(ca);
    if (known !== undefined || ca.publicKey === undefined) return known;
    const hash = toHex(this.#crypto.hash('sha1', ca.publicKey.spki));
    this.#hashes.set(ca, hash);
    return hash;
  }

  /** What a CERTREQ payload says of the first `limit` CAs of a list; lists do not change. */
  authorityHashes(cas: readonly Certificate[], limit: number): AuthorityHashes {
    const known = this.#lists.get(cas);
    if (known?.limit === limit) return known;
    const named = new Map<string, Certificate>();
    let all = true;
    for (const ca of cas) {
      const hash = this.authorityHash(ca);
      if (hash === undefined || named.has(hash)) continue;
      all = named.size < limit;
      if (!all) break;
      named.set(hash, ca);
    }
    const hashes = fromHex([...named.keys()].join('')) ?? new Uint8Array(0);
    const found = { named: [...named.values()], hashes, all, limit };
    this.#lists.set(cas, found);
    return found;
  }

  of(round: AuthRoundConfig): RoundCredentials {
    const known = this.#decoded.get(round);
    if (known !== undefined) return known;
    const decoded = this.#decode(round);
    this.#decoded.set(round, decoded);
    return decoded;
  }

  #decode(round: AuthRoundConfig): RoundCredentials {
    const { signatures } = this.#crypto;
    const parsed = round.class === 'pubkey' ? parsePublicKeyAuth(round.auth) : ANY;
    const auth = 'reason' in parsed ? ANY : parsed;
    const certificates = this.#certificates(round.certs);
    const cas = this.#certificates(round.cacerts);
    const publicKeys = round.pubkeys.flatMap((spki) => signatures.publicKey(spki) ?? []);
    const constraints: TrustConstraints = {
      certificates,
      publicKeys,
      cas,
      ...(round.caId && { caId: round.caId }),
      policies: round.certPolicy,
      groups: round.groups,
      revocation: round.revocation,
      strength: { keys: auth.keys, hashes: auth.hashes },
    };
    return { auth, certificates, cas, publicKeys, constraints };
  }

  // They could be decoded when they were loaded.
  #certificates(configured: readonly ConfiguredCertificate[]): readonly Certificate[] {
    const { signatures, hash } = this.#crypto;
    const tools = {
      publicKey: (spki: Uint8Array) => signatures.publicKey(spki),
      hash: hash.bind(this.#crypto),
    };
    return configured.flatMap(({ der }) => {
      const decoded = decodeCertificate(der, tools);
      return decoded.ok ? [decoded.value] : [];
    });
  }
}
