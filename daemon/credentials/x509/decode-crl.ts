import type { Crl } from './certificate.ts';
import { type CrlDraft, crlExtensions } from './crl-extensions.ts';
import { type Decoded, decoding, X509Error } from './decoded.ts';
import { guardDer, objectLimits } from './der-guard.ts';
import { context, DerReader, Tag } from './der-reader.ts';
import { decodeExtensions, extensionsOf } from './extensions.ts';
import { nameKey } from './names.ts';
import { smallInteger } from './primitives.ts';
import { RevokedEntries } from './revoked-entries.ts';
import { sameAlgorithm, signedObject, signedParts } from './signed.ts';
import { timeOf } from './times.ts';
import type { DecodeTools } from './tools.ts';

/** Octets of a CRL that are accepted if nobody says otherwise. */
export const MAX_CRL_OCTETS: number = 16 * 1024 * 1024;

/** Entries that are read without a pause: about a millisecond. */
const SLICE = 1_000;
const FIELD = 'crl';

/** What a decoder of CRLs may be told. */
export interface CrlOptions {
  /** Octets of the largest CRL accepted. */
  readonly octets?: number;
}

/**
 * Decodes a CRL of RFC 5280 section 5 in one go, about a microsecond an entry: for those that came in a message. Never throws; verifies
 * nothing. `der` is copied.
 */
export function decodeCrl(
  der: Uint8Array,
  tools: DecodeTools,
  options: CrlOptions = {},
): Decoded<Crl> {
  return decoding(FIELD, () => {
    const work = new CrlWork(der, tools, options);
    while (work.step()) {
      // all of it
    }
    return work.crl();
  });
}

/**
 * The same for CRLs of any size: waits for `pause` after every millisecond or so of work, so that a list of half a million entries delays
 * nobody. Never rejects unless `pause` does.
 */
export async function decodeCrlInSlices(
  der: Uint8Array,
  tools: DecodeTools,
  pause: () => Promise<void>,
  options: CrlOptions = {},
): Promise<Decoded<Crl>> {
  const begun = decoding(FIELD, () => new CrlWork(der, tools, options));
  if (!begun.ok) return begun;
  for (;;) {
    const step = decoding(FIELD, () => begun.value.step());
    if (!step.ok) return step;
    if (!step.value) return decoding(FIELD, () => begun.value.crl());
    await pause();
  }
}

class CrlWork {
  readonly #fields: Omit<Crl, 'unknownCritical' | 'find' | 'size'>;
  readonly #unknownCritical: readonly string[];
  readonly #entries: RevokedEntries;

  constructor(given: Uint8Array, tools: DecodeTools, { octets = MAX_CRL_OCTETS }: CrlOptions) {
    if (given.length > octets)
      throw new X509Error(FIELD, `${given.length} octets, at most ${octets} are accepted`);
    const der = new Uint8Array(given);
    const parts = signedParts(der, FIELD, 'tbsCertList');
    parts.rest.end();
    guardDer(parts.algorithm, `${FIELD}.signatureAlgorithm`, objectLimits);
    const tbs = new DerReader(parts.contents, FIELD);
    const version2 = isVersion2(tbs);
    sameAlgorithm(tbs.take(Tag.SEQUENCE, 'signature').der, parts.algorithm, FIELD);
    const issuer = tbs.take(Tag.SEQUENCE, 'issuer').der;
    guardDer(issuer, `${FIELD}.issuer`, objectLimits);
    const issuerKey = nameKey(issuer, `${FIELD}.issuer`);
    const thisUpdate = timeOf(tbs.any('thisUpdate'), `${FIELD}.thisUpdate`);
    const next = tbs.tag === Tag.UTC_TIME || tbs.tag === Tag.GENERALIZED_TIME;
    const nextUpdate = next ? timeOf(tbs.any('nextUpdate'), `${FIELD}.nextUpdate`) : undefined;
    const revoked = tbs.optional(Tag.SEQUENCE, 'revokedCertificates')?.contents;
    const { draft, unknownCritical } = extensionsIn(tbs, version2);
    tbs.end();
    const start = revoked === undefined ? 0 : revoked.byteOffset - der.byteOffset;
    this.#entries = new RevokedEntries(
      der,
      { start, end: start + (revoked?.length ?? 0) },
      issuerKey,
      { version2, indirect: draft.issuingDistributionPoint?.indirect === true },
    );
    this.#unknownCritical = unknownCritical;
    this.#fields = {
      ...signedObject(der, parts, tools),
      kind: 'crl',
      issuer,
      issuerKey,
      thisUpdate,
      ...(nextUpdate === undefined ? {} : { nextUpdate }),
      ...draft,
    };
  }

  /** Does the next part; false when all is done. */
  step(): boolean {
    return this.#entries.read(SLICE);
  }

  crl(): Crl {
    const entries = this.#entries;
    return {
      ...this.#fields,
      unknownCritical: [...this.#unknownCritical, ...entries.unknownCritical],
      size: entries.size,
      find: (issuerKey, serial) => entries.find(issuerKey, serial),
    };
  }
}

function isVersion2(tbs: DerReader): boolean {
  const version = tbs.optional(Tag.INTEGER, 'version');
  if (version === undefined) return false;
  const field = `${FIELD}.version`;
  guardDer(version.der, field, objectLimits);
  const number = smallInteger(version.contents, field) + 1;
  if (number !== 2) throw new X509Error(field, `${number}, expected 2`);
  return true;
}

function extensionsIn(
  tbs: DerReader,
  version2: boolean,
): { readonly draft: CrlDraft; readonly unknownCritical: readonly string[] } {
  const draft: CrlDraft = { freshestCrl: [] };
  const wrapped = tbs.optional(context(0), 'crlExtensions');
  if (wrapped === undefined) return { draft, unknownCritical: [] };
  const field = `${FIELD}.crlExtensions`;
  if (!version2) throw new X509Error(field, 'present in version 1');
  guardDer(wrapped.der, field, objectLimits);
  const reader = new DerReader(wrapped.contents, field);
  const list = extensionsOf(reader.take(Tag.SEQUENCE, 'list').contents, field);
  reader.end();
  return { draft, unknownCritical: decodeExtensions(list, crlExtensions, draft, field) };
}
