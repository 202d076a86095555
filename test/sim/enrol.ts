import type {
  AuthRoundConfig,
  ConfiguredCertificate,
} from '../../daemon/config/connection-types.ts';
import type { Certificate } from '../../daemon/credentials/x509/certificate.ts';
import { decodeCertificate } from '../../daemon/credentials/x509/decode-certificate.ts';
import { IdType } from '../../daemon/proto/iana/id-types.ts';
import { authRound } from '../support/connections.ts';
import type { Issued, TestCa } from './pki.ts';
import { simCrypto } from './world.ts';
import type { WorldHost } from './world-host.ts';

/** A certificate of a test as the daemon reads it. */
export function decoded({ certificate }: Pick<Issued, 'certificate'>): Certificate {
  const crypto = simCrypto();
  const read = decodeCertificate(certificate, {
    publicKey: (spki) => crypto.signatures.publicKey(spki),
    hash: (name, ...chunks) => crypto.hash(name, ...chunks),
  });
  if (!read.ok) throw new TypeError(`${read.problem.field}: ${read.problem.found}`);
  return read.value;
}

/** Gives a host a key with its certificate, and CA certificates to send along. */
export async function enrol(
  host: WorldHost,
  issued: Issued,
  intermediates: readonly Issued[] = [],
): Promise<void> {
  await loadKey(host, issued);
  loadCertificates(host, 'NONE', [issued.certificate]);
  loadCertificates(
    host,
    'CA',
    intermediates.map(({ certificate }) => certificate),
  );
}

/** Loads certificates, DER, as an operator would. */
export function loadCertificates(
  host: WorldHost,
  flag: 'NONE' | 'CA',
  certificates: readonly Uint8Array[],
): void {
  for (const der of certificates) {
    const outcome = host.daemon.credentials.load('X509', flag, der);
    if (!outcome.ok) throw new TypeError(outcome.explanation);
  }
}

/** The private key alone. */
export async function loadKey(host: WorldHost, { privateKey, name }: Issued): Promise<void> {
  const loaded = await host.privateKeys.load({ data: privateKey.slice(), origin: 'vici' });
  if (!loaded.ok) throw new TypeError(`key of ${name}: ${loaded.reason}`);
}

/** Lets a host believe what these CAs issue. */
export function trust(host: WorldHost, ...cas: readonly TestCa[]): void {
  loadCertificates(
    host,
    'CA',
    cas.map((ca) => ca.self.certificate),
  );
}

/** A certificate as it stands in a connection. */
export function configured(issued: Issued): ConfiguredCertificate {
  const { subject } = decoded(issued);
  return {
    der: issued.certificate,
    subject: { type: IdType.ID_DER_ASN1_DN, data: subject },
    chain: [],
  };
}

/** A round with public keys. */
export function byKey(members: Partial<AuthRoundConfig> = {}): AuthRoundConfig {
  return authRound({ class: 'pubkey', auth: 'pubkey', ...members });
}
