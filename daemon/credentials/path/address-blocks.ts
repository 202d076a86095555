import { compareBytes, equalBytes } from '../../util/bytes.ts';
import type { AddressSpan } from '../trust.ts';
import type { AddressFamilyBlocks, Certificate } from '../x509/certificate.ts';
import { failure, nameOf, type PathFailure } from './failure.ts';

type Range = Omit<AddressSpan, 'family'>;

/**
 * The addresses that are delegated down a path, RFC 3779 section 2.3: each certificate's lie within its issuer's. Once a CA states
 * addresses every certificate below must, as charon demands: one without could speak for any.
 */
export class AddressBlocks {
  /** By family and kind of routing; `undefined` while nobody spoke of addresses. */
  #granted: ReadonlyMap<string, readonly Range[]> | undefined;

  /** Starts with what a trust anchor states. */
  constructor(anchor: Certificate) {
    const { addressBlocks } = anchor;
    if (addressBlocks !== undefined) this.#granted = statedBlocks(addressBlocks, new Map());
  }

  /** Takes the next certificate below; why it cannot be used, `undefined` if it can. */
  add(certificate: Certificate): PathFailure | undefined {
    const { addressBlocks } = certificate;
    const granted = this.#granted;
    if (addressBlocks === undefined && granted === undefined) return undefined;
    const refuse = (reason: string): PathFailure =>
      failure('cert-policy-violation', `${nameOf(certificate)} ${reason}`);
    if (addressBlocks === undefined)
      return refuse('has no address blocks, but its issuer does (RFC 3779)');
    if (granted === undefined)
      return refuse('has address blocks, but its issuer does not (RFC 3779)');
    const stated = statedBlocks(addressBlocks, granted);
    for (const [key, ranges] of stated)
      if (!containsAll(granted.get(key) ?? [], ranges))
        return refuse('has address blocks outside of those of its issuer (RFC 3779)');
    this.#granted = stated;
    return undefined;
  }

  /** Addresses granted to the last certificate, `undefined` if the path does not speak of any. */
  spans(): readonly AddressSpan[] | undefined {
    if (this.#granted === undefined) return undefined;
    const spans: AddressSpan[] = [];
    for (const [key, ranges] of this.#granted) {
      if (!unicast.has(key)) continue;
      const family = key.startsWith('4') ? 4 : 6;
      for (const { from, to } of ranges) spans.push({ family, from, to });
    }
    return spans;
  }
}

// Families without a SAFI (RFC 3779 section 2.2.3.3), or with the one for unicast.
const unicast: ReadonlySet<string> = new Set(['4', '4/1', '6', '6/1']);

function statedBlocks(
  blocks: readonly AddressFamilyBlocks[],
  issuer: ReadonlyMap<string, readonly Range[]>,
): Map<string, readonly Range[]> {
  const stated = new Map<string, readonly Range[]>();
  for (const { family, safi, ranges } of blocks) {
    const key = safi === undefined ? String(family) : `${family}/${safi}`;
    stated.set(key, ranges === 'inherit' ? (issuer.get(key) ?? []) : joinAdjacent(ranges));
  }
  return stated;
}

// Both ascending, so that one pass over both is enough.
function containsAll(outer: readonly Range[], inner: readonly Range[]): boolean {
  let i = 0;
  for (const { from, to } of inner) {
    for (let range = outer[i]; range && compareBytes(range.to, from) < 0; range = outer[i]) i++;
    const range = outer[i];
    if (range === undefined || compareBytes(range.from, from) > 0) return false;
    if (compareBytes(to, range.to) > 0) return false;
  }
  return true;
}

function joinAdjacent(ranges: readonly Range[]): readonly Range[] {
  const joined: Range[] = [];
  for (const range of [...ranges].sort((a, b) => compareBytes(a.from, b.from))) {
    const last = joined.at(-1);
    const touches =
      last !== undefined &&
      (compareBytes(range.from, last.to) <= 0 || equalBytes(range.from, next(last.to)));
    if (!touches) joined.push(range);
    else if (compareBytes(range.to, last.to) > 0)
      joined.splice(-1, 1, { from: last.from, to: range.to });
  }
  return joined;
}

// The address after this one; after the last of all comes the first, which follows no other.
function next(address: Uint8Array): Uint8Array {
  const after = address.slice();
  for (let i = after.length - 1; i >= 0; i--) {
    const octet = ((after[i] ?? 0) + 1) & 0xff;
    after[i] = octet;
    if (octet !== 0) break;
  }
  return after;
}
