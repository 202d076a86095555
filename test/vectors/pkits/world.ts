import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Clock } from '../../../daemon/contracts/clock.ts';
import type { SignatureVerifier } from '../../../daemon/contracts/signatures.ts';
import { checkPurpose } from '../../../daemon/credentials/path/certificate-checks.ts';
import { checkRevocation } from '../../../daemon/credentials/path/chain-revocation.ts';
import { PATH_LIMITS } from '../../../daemon/credentials/path/limits.ts';
import { ANY_STRENGTH, PathFinder } from '../../../daemon/credentials/path/path-finder.ts';
import { NO_WEAK_ALGORITHMS } from '../../../daemon/credentials/path/strength.ts';
import { type PolicyInput, validatePath } from '../../../daemon/credentials/path/validate-path.ts';
import { VerifiedSignatures } from '../../../daemon/credentials/path/verified-signatures.ts';
import { ocspCodec } from '../../../daemon/credentials/revocation/ocsp-codec.ts';
import { RevocationService } from '../../../daemon/credentials/revocation/revocation-service.ts';
import type { Certificate, Crl } from '../../../daemon/credentials/x509/certificate.ts';
import { decodeCertificate } from '../../../daemon/credentials/x509/decode-certificate.ts';
import { decodeCrl } from '../../../daemon/credentials/x509/decode-crl.ts';
import { problemText } from '../../../daemon/credentials/x509/decoded.ts';
import { run } from '../../../daemon/util/waits.ts';
import { NodeSignatureVerifier } from '../../../plugins/crypto-node/signatures.ts';
import { SeededRandom } from '../../sim/seeded-random.ts';
import { decodeTools } from '../../support/decode-tools.ts';
import { FixedCertificates } from '../../support/fixed-certificates.ts';
import { MemoryLog } from '../../support/memory-log.ts';

interface Packed {
  readonly certificates: Readonly<Record<string, string>>;
  readonly crls: Readonly<Record<string, string>>;
}

/** A day on which everything is valid that should be. */
const TIME = Date.UTC(2022, 0, 1);

const clock: Clock = { now: () => 0, wallClock: () => TIME, after: () => ({ cancel: () => {} }) };

/**
 * Everything of the suite as loaded by an operator who trusts nothing but its trust anchor: every certificate may lie on a path, every CRL
 * may speak about any, and nothing is fetched.
 */
export class PkitsWorld {
  readonly #certificates = new Map<string, Certificate>();
  /** Why a certificate cannot be decoded. */
  readonly #refused = new Map<string, string>();
  readonly #crls = new Map<string, Crl[]>();
  readonly #source = new FixedCertificates();
  readonly #verifier: SignatureVerifier = new NodeSignatureVerifier();
  readonly #tools = {
    ...decodeTools,
    publicKey: (spki: Uint8Array) => this.#verifier.publicKey(spki),
  };
  readonly #signatures = new VerifiedSignatures(this.#verifier, 1000);
  readonly #finder = new PathFinder({
    sources: this.#source,
    signatures: this.#signatures,
    clock,
    limits: PATH_LIMITS,
    weak: NO_WEAK_ALGORITHMS,
    enforceCritical: true,
  });

  constructor() {
    const packed = JSON.parse(
      gunzipSync(readFileSync(new URL('pkits.json.gz', import.meta.url))).toString(),
    ) as Packed;
    for (const [name, text] of Object.entries(packed.certificates)) {
      const decoded = decodeCertificate(octetsOf(text), this.#tools);
      if (decoded.ok) this.#certificates.set(name, decoded.value);
      else this.#refused.set(name, problemText(decoded.problem));
    }
    for (const text of Object.values(packed.crls)) {
      const decoded = decodeCrl(octetsOf(text), this.#tools);
      if (!decoded.ok) continue;
      const { issuerKey } = decoded.value;
      this.#crls.set(issuerKey, [...(this.#crls.get(issuerKey) ?? []), decoded.value]);
    }
    for (const [name, certificate] of this.#certificates)
      if (!name.endsWith('EE'))
        this.#source.load('CA', [certificate], name === 'TrustAnchorRootCertificate');
  }

  /** Why there is no valid path from a certificate, or its chain if there is. */
  async path(name: string, input: PolicyInput): Promise<readonly Certificate[] | string> {
    const target = this.#certificates.get(name);
    if (target === undefined) return this.#refused.get(name) ?? 'no such certificate';
    const misused = checkPurpose(target, 'peer');
    if (misused !== undefined) return misused.reason;
    const candidates = this.#finder.candidates(this.#source, [], TIME);
    const search = this.#finder.search(candidates, this.#finder.rules(ANY_STRENGTH), (chain) =>
      validatePath(chain, input),
    );
    for await (const { chain, valid } of search.paths(target))
      return input.requireExplicit && valid.policies.size === 0 ? 'valid for no policy' : chain;
    return search.failure.reason;
  }

  /** Why the certificates of a chain are not all known to be good; `undefined` if they are. */
  async revocation(chain: readonly Certificate[]): Promise<string | undefined> {
    const received = { certificates: [], crls: [], ocspResponses: [], rawKeys: [] };
    const { failure } = await run(checkRevocation(this.#checker(), chain, 'strict', received, 0));
    return failure?.reason;
  }

  // A new one each time: what one test found out is not known to the next.
  #checker(): RevocationService {
    return new RevocationService({
      clock,
      random: new SeededRandom(1),
      logger: new MemoryLog(),
      fetcher: { fetch: async ({ url }) => ({ ok: false, reason: `nothing is at ${url}` }) },
      crypto: decodeTools,
      ocspCodec: ocspCodec(this.#tools),
      decodeCrl: async (der) => decodeCrl(der, this.#tools),
      source: () => ({
        crlsOf: (issuerKey) => this.#crls.get(issuerKey) ?? [],
        ocspResponses: () => [],
        bySubject: (key) => this.#source.bySubject(key),
        byKeyId: (id) => this.#source.byKeyId(id),
      }),
      urlsOf: () => ({ crlUris: [], ocspUris: [] }),
      signatures: this.#signatures,
      paths: this.#finder,
      settings: () => ({
        enableCrl: true,
        enableOcsp: true,
        timeout: 10_000,
        nonceOctets: 32,
        cacheCrls: false,
      }),
    });
  }
}

function octetsOf(base64: string): Uint8Array {
  return Uint8Array.from(Buffer.from(base64, 'base64'));
}
