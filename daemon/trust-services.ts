import type { AuthRoundConfig, ConnectionConfig } from './config/connection-types.ts';
import type { DaemonOptions } from './config/options.ts';
import type { Clock } from './contracts/clock.ts';
import type { CrlFiles } from './contracts/crl-files.ts';
import type { Crypto } from './contracts/crypto.ts';
import type { Fetcher } from './contracts/fetcher.ts';
import type { Logger } from './contracts/logger.ts';
import type { Random } from './contracts/random.ts';
import type { PrivateKeys } from './contracts/signatures.ts';
import type { Credentials } from './credentials/credentials.ts';
import { type CertificateInUse, ExpiryWatch } from './credentials/expiry-watch.ts';
import { HashAndUrl, hashAndUrlOf } from './credentials/hash-and-url.ts';
import { PATH_LIMITS } from './credentials/path/limits.ts';
import { PathFinder } from './credentials/path/path-finder.ts';
import { NO_WEAK_ALGORITHMS } from './credentials/path/strength.ts';
import { VerifiedSignatures } from './credentials/path/verified-signatures.ts';
import { CredentialTrust } from './credentials/peer-trust.ts';
import type { PublicKeyServices } from './credentials/public-keys.ts';
import { ocspCodec } from './credentials/revocation/ocsp-codec.ts';
import { OcspStapler } from './credentials/revocation/ocsp-stapler.ts';
import { RevocationService } from './credentials/revocation/revocation-service.ts';
import type { RevocationSettings } from './credentials/revocation/sources.ts';
import type { PeerTrust, TrustVerdict } from './credentials/trust.ts';
import type { Certificate } from './credentials/x509/certificate.ts';
import { decodeCertificate } from './credentials/x509/decode-certificate.ts';
import { decodeCrlInSlices } from './credentials/x509/decode-crl.ts';
import type { DecodeTools } from './credentials/x509/tools.ts';

/** What trust is composed of. */
export interface TrustSetup {
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: Crypto;
  readonly logger: Logger;
  /** The options in force now; some count at the start only. */
  readonly options: () => DaemonOptions;
  readonly credentials: Credentials;
  readonly privateKeys: PrivateKeys;
  /** Without it nothing is fetched. */
  readonly fetcher: Fetcher | undefined;
  readonly crlFiles: CrlFiles | undefined;
  /** Lets everything else run, in the middle of long work. */
  readonly pause: (() => Promise<void>) | undefined;
  /** A certificate that somebody depends on has expired. */
  readonly onExpired: (certificate: Certificate) => void;
}

/** Who is believed, with what runs beside it. */
export interface TrustServices extends PublicKeyServices {
  readonly expiryWatch: ExpiryWatch;
  /** Reads what a predecessor fetched. */
  start(): Promise<void>;
  close(): void;
}

/** Signatures on certificates that are remembered as right. */
const REMEMBERED_SIGNATURES = 4096;

/** Milliseconds that our answer waits for the first OCSP response about a certificate of ours. */
const STAPLE_LIMIT = 2000;

/** Longest fetch of a certificate for a peer that has proved nothing, milliseconds. */
const URL_LIMIT = 5000;

/** Longest fetch that can be set, milliseconds. */
const LONGEST_TIMEOUT = 600_000;

const NO_FETCHER: Fetcher = {
  fetch: async ({ url }) => ({
    ok: false,
    reason: `fetching '${url}' failed: this daemon fetches nothing`,
  }),
};

/** Puts together who is believed: what is loaded, paths to it, and revocation. */
export function trustServices(setup: TrustSetup): TrustServices {
  const { clock, crypto, logger, options, credentials, fetcher = NO_FETCHER } = setup;
  const tools: DecodeTools = {
    publicKey: (spki) => crypto.signatures.publicKey(spki),
    hash: (name, ...chunks) => crypto.hash(name, ...chunks),
  };
  const initial = options();
  const remembered = initial.cert_cache ? REMEMBERED_SIGNATURES : 0;
  const signatures = new VerifiedSignatures(crypto.signatures, remembered);
  const finder = new PathFinder({
    sources: credentials,
    signatures,
    clock,
    limits: PATH_LIMITS,
    weak: NO_WEAK_ALGORITHMS,
    enforceCritical: initial['x509.enforce_critical'],
  });
  const settings = (): RevocationSettings => revocationSettings(options());
  const { pause = () => Promise.resolve() } = setup;
  const revocation = new RevocationService({
    ...setup,
    fetcher,
    ocspCodec: ocspCodec(tools),
    decodeCrl: (der) => decodeCrlInSlices(der, tools, pause),
    source: () => credentials.store.snapshot(),
    urlsOf: (issuer) => credentials.authoritySource.urisOf(issuer),
    signatures,
    paths: finder,
    settings,
  });
  credentials.addCache(revocation);
  const stapler = new OcspStapler({
    clock,
    logger,
    ocsp: revocation.ocsp,
    enabled: () => settings().enableOcsp,
    timeout: () => settings().timeout,
  });
  const hashAndUrl = new HashAndUrl({
    clock,
    logger,
    fetcher,
    crypto,
    decode: (der) => decodeCertificate(der, tools),
    enabled: () => options().hash_and_url,
    timeout: () => Math.min(settings().timeout, URL_LIMIT),
  });
  return {
    trust: remembering(
      credentials,
      new CredentialTrust({
        finder,
        signatures,
        revocation,
        crypto,
        rejectTrustedEndEntity: initial.reject_trusted_end_entity,
        clock,
        logger,
      }),
    ),
    certificates: credentials,
    authorities: rememberedCas(credentials),
    certificateUrl: (certificate) => urlOf(setup, certificate),
    fetchCertificate: (hash, url) => hashAndUrl.fetch(hash, url),
    staple: (chain) => stapler.stapleWithin(chain, STAPLE_LIMIT),
    expiryWatch: new ExpiryWatch({
      clock,
      logger,
      inUse: () => inUse(setup),
      onExpired: setup.onExpired,
    }),
    start: () => revocation.start(),
    close: () => stapler.close(),
  };
}

/** Certificates that were believed once are kept, as charon does: they are listed, and decoded no more when they come again. */
function remembering({ store, cache }: Credentials, trust: PeerTrust): PeerTrust {
  const remember = (verdict: TrustVerdict): TrustVerdict => {
    if (!verdict.trusted) return verdict;
    const index = store.snapshot();
    for (const value of verdict.chain) {
      if (index.certificate(value.fingerprint) !== undefined) continue;
      const flag = value.basicConstraints?.ca === true ? 'CA' : 'NONE';
      cache.add({ type: 'X509', flag, value });
    }
    return verdict;
  };
  return {
    claims: (...args) => trust.claims(...args),
    judge: (...args) => {
      const verdict = trust.judge(...args);
      return verdict instanceof Promise ? verdict.then(remember) : remember(verdict);
    },
  };
}

function revocationSettings(options: DaemonOptions): RevocationSettings {
  const timeout = options['plugins.revocation.timeout'] * 1000;
  return {
    enableCrl: options['plugins.revocation.enable_crl'],
    enableOcsp: options['plugins.revocation.enable_ocsp'],
    timeout: Math.min(timeout === 0 ? LONGEST_TIMEOUT : timeout, LONGEST_TIMEOUT),
    cacheCrls: options.cache_crls,
    nonceOctets: options.ocsp_nonce_len,
  };
}

// Strangers can ask for it with every IKE_SA_INIT; it changes with what is loaded only.
function rememberedCas({ store }: Credentials): () => readonly Certificate[] {
  let index = store.snapshot();
  let cas: readonly Certificate[] | undefined;
  return () => {
    const now = store.snapshot();
    if (now !== index) cas = undefined;
    index = now;
    cas ??= now.trustedCas().map(({ certificate }) => certificate);
    return cas;
  };
}

/** Below the base that is configured for the CA of a certificate. */
function urlOf({ credentials, crypto }: TrustSetup, certificate: Certificate): string | undefined {
  for (const { certificate: ca } of credentials.snapshot().bySubject(certificate.issuerKey)) {
    const [base] = credentials.authoritySource.certUriBasesOf(ca);
    if (base !== undefined) return hashAndUrlOf(certificate, base, crypto).url;
  }
  return undefined;
}

function* inUse({ credentials, privateKeys }: TrustSetup): Iterable<CertificateInUse> {
  for (const { credential, trusted } of credentials.store.snapshot().list()) {
    if (credential.type !== 'X509') continue;
    const { value: certificate, flag } = credential;
    const key = certificate.publicKey;
    if (key !== undefined && privateKeys.find(key.keyId) !== undefined) {
      yield { certificate, role: 'own' };
    } else if (flag === 'CA' && trusted) yield { certificate, role: 'ca' };
  }
}

/**
 * The CAs that a connection names are trusted as long as it is loaded. Everything else is listed and helps to build chains; whom it
 * proves is a matter of that connection alone.
 */
export function trustConnection(
  credentials: Credentials,
  name: string,
  config: ConnectionConfig | undefined,
): void {
  // As with shared keys.
  if (config === undefined || (config.local.every(isBare) && config.remote.every(isBare))) {
    credentials.setConnection(name, []);
    return;
  }
  const all = [...config.local, ...config.remote];
  const cas = config.remote.flatMap((round) => round.cacerts);
  const certs = all.flatMap((round) => round.certs);
  const along = [
    ...certs.map(({ der }) => der),
    ...[...certs, ...cas].flatMap(({ chain }) => chain),
  ];
  credentials.setConnection(name, [
    ...cas.map(({ der }) => ({ type: 'X509' as const, der, trusted: true })),
    ...along.map((der) => ({ type: 'X509' as const, der, trusted: false })),
    ...all.flatMap(({ pubkeys, id }) =>
      pubkeys.map((der) => ({
        type: 'PUBKEY' as const,
        der,
        trusted: false,
        ...(id === undefined ? {} : { subject: id }),
      })),
    ),
  ]);
}

function isBare({ certs, cacerts, pubkeys }: AuthRoundConfig): boolean {
  return certs.length + cacerts.length + pubkeys.length === 0;
}
