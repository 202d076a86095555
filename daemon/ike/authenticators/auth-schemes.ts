import type { PublicKeyAuth, SchemeRule } from '../../config/auth-text.ts';
import type {
  EcdsaCurve,
  KeyType,
  SignatureHash,
  SignatureScheme,
} from '../../contracts/signatures.ts';
import { hashOctets } from '../../crypto/signature-algorithms.ts';
import { AuthMethod } from '../../proto/iana/auth-methods.ts';
import { HashAlgorithm } from '../../proto/iana/hash-algorithms.ts';

/** A signature scheme as an AUTH payload carries it. */
export interface AuthScheme {
  readonly method: number;
  readonly scheme: SignatureScheme;
}

/** What the peer can verify. */
export interface SchemeTerms {
  /** Hashes it announced (RFC 7427); `undefined` without that extension. */
  readonly peerHashes: ReadonlySet<number> | undefined;
  /** `charon.rsa_pss`. */
  readonly rsaPss: boolean;
}

/**
 * The ways in which we may sign with a key of ours, best first: as the auth text says, else with the hash that is as strong as the
 * key. SHA-1 is used only where the text names it. Peers without RFC 7427 get the methods of RFC 7296 and RFC 4754.
 */
export function ownSchemes(
  key: KeyType,
  auth: PublicKeyAuth,
  terms: SchemeTerms,
): readonly AuthScheme[] {
  const found = digitalSchemes(key, auth, terms);
  const { peerHashes } = terms;
  if (peerHashes === undefined) return found.flatMap(({ scheme }) => classic(scheme, key));
  return found.filter(({ scheme }) => peerHashes.has(hashNumber(scheme)));
}

/** By auth text, and what matters of key and options: a gateway signs for every peer with the same key. */
const digital = new WeakMap<PublicKeyAuth, Map<string, readonly AuthScheme[]>>();

function digitalSchemes(
  key: KeyType,
  auth: PublicKeyAuth,
  terms: SchemeTerms,
): readonly AuthScheme[] {
  const byKey = digital.get(auth) ?? new Map<string, readonly AuthScheme[]>();
  const name = `${key.kind} ${key.bits} ${terms.rsaPss}`;
  const known = byKey.get(name);
  if (known !== undefined) return known;
  const rules = auth.schemes.length === 0 ? ANY_SCHEME : auth.schemes;
  const found = rules
    .flatMap((rule) => schemesOf(rule, key, terms))
    .map((scheme) => ({ method: AuthMethod.DIGITAL_SIGNATURE, scheme }));
  digital.set(auth, byKey.set(name, found));
  return found;
}

const ANY_SCHEME: readonly SchemeRule[] = (
  ['rsa', 'ecdsa', 'ed25519', 'ed448', 'ml-dsa'] as const
).map((name) => ({ name }));

function schemesOf(
  { name, hash }: SchemeRule,
  key: KeyType,
  { rsaPss }: SchemeTerms,
): readonly SignatureScheme[] {
  const hashes = hash === undefined ? fittingHashes(key) : [hash];
  switch (name) {
    case 'rsa':
      if (key.kind !== 'rsa') return [];
      return hashes.flatMap((each) => [...(rsaPss ? [pss(each)] : []), pkcs1(each)]);
    case 'rsa/pss':
      return key.kind === 'rsa' ? hashes.map(pss) : [];
    case 'ecdsa':
      if (key.kind !== 'ecdsa') return [];
      return hashes.map((each) => ({ kind: 'ecdsa', hash: each, encoding: 'der' }));
    case 'ed25519':
    case 'ed448':
    case 'ml-dsa':
      return key.kind === name ? [{ kind: name }] : [];
  }
}

const pkcs1 = (hash: SignatureHash): SignatureScheme => ({ kind: 'rsa-pkcs1', hash });
const pss = (hash: SignatureHash): SignatureScheme => ({
  kind: 'rsa-pss',
  hash,
  saltOctets: hashOctets[hash],
});

/** Hashes for a key, the one that matches its strength first, weaker ones last. */
function fittingHashes(key: KeyType): readonly SignatureHash[] {
  const [middle, strong] = key.kind === 'rsa' ? [3072, 7680] : [256, 384];
  if (key.bits <= middle) return ['sha256', 'sha384', 'sha512'];
  if (key.bits <= strong) return ['sha384', 'sha512', 'sha256'];
  return ['sha512', 'sha384', 'sha256'];
}

// PKCS#1 signatures name their hash, so RFC 7296 section 3.8 leaves it open; ECDSA has one method for each curve (RFC 4754).
function classic(scheme: SignatureScheme, key: KeyType): readonly AuthScheme[] {
  if (scheme.kind === 'rsa-pkcs1') return [{ method: AuthMethod.RSA_DIGITAL_SIGNATURE, scheme }];
  if (key.kind !== 'ecdsa' || scheme.kind !== 'ecdsa') return [];
  const found = CURVE_METHODS.find(
    ({ curve, hash }) => curve === key.curve && hash === scheme.hash,
  );
  return found === undefined
    ? []
    : [{ method: found.method, scheme: { ...scheme, encoding: 'raw' } }];
}

const CURVE_METHODS: readonly {
  readonly method: number;
  readonly curve: EcdsaCurve;
  readonly hash: SignatureHash;
}[] = [
  { method: AuthMethod.ECDSA_SHA256_P256, curve: 'p256', hash: 'sha256' },
  { method: AuthMethod.ECDSA_SHA384_P384, curve: 'p384', hash: 'sha384' },
  { method: AuthMethod.ECDSA_SHA512_P521, curve: 'p521', hash: 'sha512' },
];

/**
 * The schemes that a signature of a method can be made with by a key, other than RFC 7427's, which names its own. Several for
 * RSA, whose method says nothing about the hash.
 */
export function classicSchemes(method: number, key: KeyType): readonly SignatureScheme[] {
  if (method === AuthMethod.RSA_DIGITAL_SIGNATURE) {
    return key.kind === 'rsa'
      ? (['sha256', 'sha1', 'sha384', 'sha512'] as const).map((hash) => pkcs1(hash))
      : [];
  }
  const found = CURVE_METHODS.find((entry) => entry.method === method);
  if (found === undefined || key.kind !== 'ecdsa' || key.curve !== found.curve) return [];
  return [{ kind: 'ecdsa', hash: found.hash, encoding: 'raw' }];
}

/** Whether a key can make signatures of a scheme. */
export function fitsKey(scheme: SignatureScheme, key: KeyType): boolean {
  switch (scheme.kind) {
    case 'rsa-pkcs1':
    case 'rsa-pss':
      return key.kind === 'rsa';
    default:
      return key.kind === scheme.kind;
  }
}

/**
 * Whether the peer may sign with this scheme: PSS with a salt as long as its hash and SHA-1 only where it is named; beyond that
 * what the auth text of its round says, if that is meant for IKE_AUTH too (`charon.signature_authentication_constraints`).
 */
export function mayUse(
  scheme: SignatureScheme,
  auth: PublicKeyAuth,
  options: { readonly constrained: boolean; readonly rsaPss: boolean },
): boolean {
  const hash = 'hash' in scheme ? scheme.hash : undefined;
  if (scheme.kind === 'rsa-pss' && scheme.saltOctets !== hashOctets[scheme.hash]) return false;
  const named = auth.schemes.some((rule) => covers(rule, scheme, options.rsaPss));
  if (hash === 'sha1' || hash === 'sha224') {
    return auth.schemes.some((rule) => rule.hash === hash && covers(rule, scheme, options.rsaPss));
  }
  const applies = auth.schemes.length > 0 && (auth.explicit || options.constrained);
  return !applies || named;
}

function covers(rule: SchemeRule, scheme: SignatureScheme, rsaPss: boolean): boolean {
  const kind =
    scheme.kind === rule.name ||
    (rule.name === 'rsa' &&
      (scheme.kind === 'rsa-pkcs1' || (rsaPss && scheme.kind === 'rsa-pss'))) ||
    (rule.name === 'rsa/pss' && scheme.kind === 'rsa-pss');
  return kind && (rule.hash === undefined || ('hash' in scheme && scheme.hash === rule.hash));
}

const HASH_NUMBERS: ReadonlyMap<SignatureHash, number> = new Map([
  ['sha1', HashAlgorithm.SHA1],
  ['sha256', HashAlgorithm.SHA2_256],
  ['sha384', HashAlgorithm.SHA2_384],
  ['sha512', HashAlgorithm.SHA2_512],
]);

/** The number by which RFC 7427 announces what a scheme takes, 0 if there is none: never announced. */
export function hashNumber(scheme: SignatureScheme): number {
  if (!('hash' in scheme)) return HashAlgorithm.IDENTITY;
  return HASH_NUMBERS.get(scheme.hash) ?? 0;
}

/** How an auth scheme is called in the log: `RSA_EMSA_PKCS1_SHA2_256`, `ECDSA-256 signature`. */
export function nameOfAuthScheme({ method, scheme }: AuthScheme): string {
  switch (method) {
    case AuthMethod.RSA_DIGITAL_SIGNATURE:
      return 'RSA signature';
    case AuthMethod.ECDSA_SHA256_P256:
      return 'ECDSA-256 signature';
    case AuthMethod.ECDSA_SHA384_P384:
      return 'ECDSA-384 signature';
    case AuthMethod.ECDSA_SHA512_P521:
      return 'ECDSA-521 signature';
    default:
      return nameOfScheme(scheme);
  }
}

/** The name of a signature scheme: `ECDSA_WITH_SHA256_DER`, `ED25519`. */
export function nameOfScheme(scheme: SignatureScheme): string {
  switch (scheme.kind) {
    case 'rsa-pkcs1':
      return `RSA_EMSA_PKCS1_${hashName(scheme.hash)}`;
    case 'rsa-pss':
      return `RSA_EMSA_PSS_${hashName(scheme.hash)}_SALT_${scheme.saltOctets}`;
    case 'ecdsa':
      return `ECDSA_WITH_${scheme.hash.toUpperCase()}${scheme.encoding === 'der' ? '_DER' : ''}`;
    default:
      return scheme.kind.toUpperCase().replace('-', '_');
  }
}

function hashName(hash: SignatureHash): string {
  if (hash === 'sha1') return 'SHA1';
  return hash.startsWith('sha3-')
    ? hash.toUpperCase().replace('-', '_')
    : `SHA2_${hash.slice('sha'.length)}`;
}
