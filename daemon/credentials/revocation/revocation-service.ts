import type { Clock } from '../../contracts/clock.ts';
import type { CrlFiles } from '../../contracts/crl-files.ts';
import type { Crypto } from '../../contracts/crypto.ts';
import type { Fetcher } from '../../contracts/fetcher.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { Random } from '../../contracts/random.ts';
import type { Certificate, Crl, OcspResponse } from '../x509/certificate.ts';
import type { Decoded } from '../x509/decoded.ts';
import type {
  RevocationChecker,
  RevocationQuestion,
  RevocationStatus,
  SignerPaths,
} from './checker.ts';
import { CrlCheck } from './crl-check.ts';
import { CrlFetches } from './crl-fetches.ts';
import { CrlFileCache } from './crl-file-cache.ts';
import { CrlShelf } from './crl-shelf.ts';
import { CrlSigners } from './crl-signers.ts';
import { Deadline } from './deadline.ts';
import { DEEPEST, type Inquiry } from './inquiry.ts';
import { OcspCheck } from './ocsp-check.ts';
import type { OcspCodec } from './ocsp-codec.ts';
import { OcspResponders } from './ocsp-responders.ts';
import { Revocation } from './revocation.ts';
import type {
  AuthorityUrls,
  RevocationSettings,
  RevocationSource,
  SignatureCheck,
} from './sources.ts';

/** Milliseconds for the CRL about a delegated OCSP responder. */
const RESPONDER_LIMIT = 3000;

/** What checking revocation needs of the daemon. */
export interface RevocationSetup {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly fetcher: Fetcher;
  readonly crypto: Pick<Crypto, 'hash'>;
  readonly ocspCodec: OcspCodec;
  readonly decodeCrl: (der: Uint8Array) => Promise<Decoded<Crl>>;
  /** What is loaded at this moment. */
  readonly source: () => RevocationSource;
  readonly urlsOf: (issuer: Certificate) => AuthorityUrls;
  readonly signatures: SignatureCheck;
  readonly paths: SignerPaths;
  readonly settings: () => RevocationSettings;
  /** Where fetched CRLs outlive the process; nowhere without it. */
  readonly crlFiles?: CrlFiles | undefined;
}

/** A verified piece of revocation information, as VICI lists it. */
export type RevocationRecord =
  | { readonly type: 'X509_CRL'; readonly value: Crl }
  | { readonly type: 'OCSP_RESPONSE'; readonly value: OcspResponse };

/** Everything about revocation of one daemon, put together. */
export class RevocationService implements RevocationChecker {
  /** For stapling: what responders say about our own certificates. */
  readonly ocsp: OcspCheck;
  readonly #setup: RevocationSetup;
  readonly #shelf: CrlShelf;
  readonly #fetches: CrlFetches;
  readonly #crls: CrlCheck;
  readonly #revocation: Revocation;
  readonly #files: CrlFileCache;

  constructor(setup: RevocationSetup) {
    const { clock, logger, source, signatures, urlsOf, settings } = setup;
    this.#setup = setup;
    this.#files = new CrlFileCache(setup);
    this.#shelf = new CrlShelf({ source, onProven: (crl) => this.#files.save(crl) });
    this.#fetches = new CrlFetches({
      ...setup,
      decode: setup.decodeCrl,
      timeout: () => settings().timeout,
      take: (crl) => this.#shelf.put(crl),
    });
    const signers = new CrlSigners({
      ...setup,
      isSound: (chain, inquiry) => this.#isSound(chain, inquiry),
    });
    const shelf = this.#shelf;
    const fetches = this.#fetches;
    this.#crls = new CrlCheck({ clock, logger, urlsOf, shelf, fetches, signers, signatures });
    const isRevoked = (responder: Certificate, issuer: Certificate): Promise<boolean> =>
      this.#isRevoked(responder, issuer);
    const responders = new OcspResponders({ clock, source, signatures, isRevoked });
    this.ocsp = new OcspCheck({ ...setup, codec: setup.ocspCodec, responders });
    this.#revocation = new Revocation({
      clock,
      logger,
      ocsp: this.ocsp,
      crls: this.#crls,
      settings,
    });
  }

  /** Reads the CRLs that a predecessor kept; each is verified before it counts. */
  async start(): Promise<void> {
    for (const crl of await this.#files.load()) this.#shelf.put(crl);
  }

  check(question: RevocationQuestion): RevocationStatus | Promise<RevocationStatus> {
    return this.#revocation.check({ ...question, depth: 0 });
  }

  /** What was fetched, or sent by peers, and verified. */
  list(): readonly RevocationRecord[] {
    return [
      ...this.#shelf.list().map((value) => ({ type: 'X509_CRL' as const, value })),
      ...this.ocsp.list().map((value) => ({ type: 'OCSP_RESPONSE' as const, value })),
    ];
  }

  /** Forgets what was fetched or received, of one type or all; what was known to be revoked is not forgotten. */
  flush(type?: string): void {
    if (type === undefined || type === 'X509_CRL') {
      this.#shelf.clear();
      this.#fetches.clear();
    }
    if (type === undefined || type === 'OCSP_RESPONSE') this.ocsp.clear();
  }

  /** Whether the certificates between a signer of CRLs and the chain in question may be believed. */
  async #isSound(chain: readonly Certificate[], inquiry: Inquiry): Promise<boolean> {
    if (inquiry.depth >= DEEPEST) return false;
    const known = new Set(inquiry.chain.map(({ fingerprint }) => fingerprint));
    for (let i = chain.length - 2; i >= 0; i--) {
      const [certificate, issuer] = chain.slice(i, i + 2);
      if (certificate === undefined || issuer === undefined || known.has(certificate.fingerprint)) {
        continue;
      }
      const { status } = await this.#revocation.check({
        ...inquiry,
        certificate,
        issuer,
        chain: chain.slice(i),
        receivedOcsp: [],
        depth: inquiry.depth + 1,
      });
      if (status === 'good') continue;
      const isEnough =
        status !== 'revoked' &&
        (inquiry.policy === 'relaxed' || (inquiry.policy === 'ifuri' && status === 'skipped'));
      if (!isEnough) return false;
    }
    return true;
  }

  async #isRevoked(responder: Certificate, issuer: Certificate): Promise<boolean> {
    const { clock, settings } = this.#setup;
    if (!settings().enableCrl) return false;
    const inquiry: Inquiry = {
      certificate: responder,
      issuer,
      chain: [responder, issuer],
      policy: 'relaxed',
      receivedCrls: [],
      receivedOcsp: [],
      depth: DEEPEST,
    };
    const deadline = new Deadline(clock, clock.now() + RESPONDER_LIMIT);
    return (await this.#crls.check(inquiry, deadline)).kind === 'revoked';
  }
}
