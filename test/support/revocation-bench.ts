import type { FetchRequest } from '../../daemon/contracts/fetcher.ts';
import type { SourceCertificate } from '../../daemon/credentials/certificate-source.ts';
import { VerifiedSignatures } from '../../daemon/credentials/path/verified-signatures.ts';
import type {
  RevocationQuestion,
  RevocationStatus,
  SignerPath,
} from '../../daemon/credentials/revocation/checker.ts';
import { ocspCodec } from '../../daemon/credentials/revocation/ocsp-codec.ts';
import {
  RevocationService,
  type RevocationSetup,
} from '../../daemon/credentials/revocation/revocation-service.ts';
import type { AuthorityUrls } from '../../daemon/credentials/revocation/sources.ts';
import type { Certificate, Crl, OcspResponse } from '../../daemon/credentials/x509/certificate.ts';
import { decodeCrl } from '../../daemon/credentials/x509/decode-crl.ts';
import { decodeOcspRequest } from '../../daemon/credentials/x509/ocsp-request.ts';
import { SeededRandom } from '../sim/seeded-random.ts';
import { VirtualClock } from '../sim/virtual-clock.ts';
import { VirtualFetcher } from '../sim/virtual-fetcher.ts';
import { MemoryLog } from './memory-log.ts';
import { pkiTools, TestAuthority, verifyAtOnce } from './revocation-pki.ts';

/** A revocation checker with a PKI, servers and a clock of its own, for tests. */
export class RevocationBench {
  readonly clock: VirtualClock = new VirtualClock();
  readonly fetcher: VirtualFetcher = new VirtualFetcher(this.clock);
  readonly log: MemoryLog = new MemoryLog(2);
  readonly loaded: SourceCertificate[] = [];
  readonly crls: Crl[] = [];
  readonly ocspResponses: OcspResponse[] = [];
  urls: AuthorityUrls = { crlUris: [], ocspUris: [] };
  settings = {
    enableCrl: true,
    enableOcsp: true,
    timeout: 10_000,
    nonceOctets: 32,
    cacheCrls: false,
  };
  /** Chains of signers that are believed, beside those that are directly below the anchor. */
  readonly paths: (readonly Certificate[])[] = [];
  readonly service: RevocationService;
  readonly root: TestAuthority;

  constructor(changes: Partial<RevocationSetup> = {}) {
    this.root = TestAuthority.root('root', this.now);
    this.service = new RevocationService({
      clock: this.clock,
      random: new SeededRandom(1),
      logger: this.log,
      fetcher: this.fetcher,
      crypto: pkiTools,
      ocspCodec: ocspCodec(pkiTools),
      decodeCrl: async (der) => decodeCrl(der, pkiTools),
      source: () => ({
        crlsOf: (key) => this.crls.filter(({ issuerKey }) => issuerKey === key),
        ocspResponses: () => this.ocspResponses,
        bySubject: (key) => this.loaded.filter((one) => one.certificate.subjectKey === key),
        byKeyId: (id) => this.loaded.filter((one) => one.certificate.publicKey?.keyId === id),
      }),
      urlsOf: () => this.urls,
      signatures: new VerifiedSignatures({ ...pkiTools, verify: verifyAtOnce }, 1000),
      paths: { find: (signer) => Promise.resolve(this.#find(signer)) },
      settings: () => this.settings,
      ...changes,
    });
  }

  /** Milliseconds since 1970. */
  get now(): number {
    return this.clock.wallClock();
  }

  /** A certificate that was loaded. */
  load(certificate: Certificate, flag: SourceCertificate['flag'] = 'NONE', trusted = true): void {
    this.loaded.push({ certificate, flag, trusted });
  }

  /** Asks about the first certificate of a chain that goes on with these authorities and ends with the root. */
  ask(
    certificate: Certificate,
    between: readonly TestAuthority[] = [],
    changes: Partial<RevocationQuestion> = {},
  ): Promise<RevocationStatus> {
    const chain = [certificate, ...between.map((ca) => ca.certificate), this.root.certificate];
    return this.settled(
      Promise.resolve(
        this.service.check({
          certificate,
          issuer: chain[1] ?? this.root.certificate,
          chain,
          policy: 'strict',
          receivedCrls: [],
          receivedOcsp: [],
          ...changes,
        }),
      ),
    );
  }

  /** Lets virtual time pass until a promise has settled. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    void promise.then(() => {
      isSettled = true;
    });
    while (!isSettled) {
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
      if (!isSettled) this.clock.step();
    }
    return promise;
  }

  /** Lets time pass. */
  pass(millis: number): void {
    const end = this.clock.now() + millis;
    while ((this.clock.nextDue() ?? Number.POSITIVE_INFINITY) <= end) this.clock.step();
    this.clock.skipTo(end);
  }

  #find(signer: Certificate): SignerPath {
    const known = this.paths.find((path) => path[0]?.fingerprint === signer.fingerprint);
    if (known !== undefined) return { ok: true, chain: known };
    return signer.issuerKey === this.root.certificate.subjectKey
      ? { ok: true, chain: [signer, this.root.certificate] }
      : { ok: false, reason: 'no issuer certificate found' };
  }
}

/** The nonce that a request carries. */
export function nonceOf({ body }: FetchRequest): Uint8Array | undefined {
  const request = body && decodeOcspRequest(body);
  return request?.ok === true ? request.value.nonce : undefined;
}
