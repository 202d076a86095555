import { fromHex } from '../../util/hex.ts';
import { DerTag, derElement, derElements } from '../der.ts';
import { ecCurve, type KnownCurve } from './ec-curves.ts';

/**
 * r and s of an ECDSA signature, each as long as the order and joined, if it is exactly right: DER with shortest INTEGERs and nothing
 * behind them (RFC 3279 section 2.2.3), or `raw` of exactly twice the size (RFC 4754 section 7), and both from 1 to the order less 1.
 */
export function ecdsaNumbers(
  name: KnownCurve['name'],
  encoding: 'der' | 'raw',
  signature: Uint8Array,
): Uint8Array | undefined {
  const curve = ecCurve(name);
  const raw = encoding === 'raw' ? signature : fromDer(signature, curve.octets);
  if (raw?.length !== 2 * curve.octets) return undefined;
  const order = octetsOfOrder(curve);
  return isInRange(raw, 0, order) && isInRange(raw, curve.octets, order) ? raw : undefined;
}

/** The order of each curve, as long as r and s are. */
const orders = new WeakMap<KnownCurve, Uint8Array>();

function octetsOfOrder(curve: KnownCurve): Uint8Array {
  const known = orders.get(curve);
  if (known !== undefined) return known;
  const digits = curve.order.toString(16).padStart(2 * curve.octets, '0');
  const octets = fromHex(digits) ?? new Uint8Array(curve.octets);
  orders.set(curve, octets);
  return octets;
}

/** Whether the number at `offset` is at least 1 and less than the order: both are public. */
function isInRange(raw: Uint8Array, offset: number, order: Uint8Array): boolean {
  let difference = 0;
  let bits = 0;
  for (let i = 0; i < order.length; i++) {
    const octet = raw[offset + i] ?? 0;
    bits |= octet;
    if (difference === 0) difference = octet - (order[i] ?? 0);
  }
  return bits !== 0 && difference < 0;
}

/** r and s joined as a DER signature. */
export function ecdsaToDer(raw: Uint8Array): Uint8Array {
  const octets = raw.length / 2;
  return derElement(
    DerTag.SEQUENCE,
    derElement(INTEGER, shortest(raw.subarray(0, octets))),
    derElement(INTEGER, shortest(raw.subarray(octets))),
  );
}

const INTEGER = 0x02;

function fromDer(signature: Uint8Array, octets: number): Uint8Array | undefined {
  const [outer] = derElements(signature, 1) ?? [];
  const numbers = outer?.tag === DerTag.SEQUENCE ? derElements(outer.contents, 2) : undefined;
  const [r, s] = numbers ?? [];
  if (r?.tag !== INTEGER || s?.tag !== INTEGER) return undefined;
  const raw = new Uint8Array(2 * octets);
  for (const [index, { contents }] of [r, s].entries()) {
    const [first = 0x80, second = 0] = contents;
    // negative, or longer than it need be
    if (first >= 0x80 || (first === 0 && contents.length > 1 && second < 0x80)) return undefined;
    const digits = first === 0 ? contents.subarray(1) : contents;
    if (digits.length > octets) return undefined;
    raw.set(digits, (index + 1) * octets - digits.length);
  }
  return raw;
}

function shortest(number: Uint8Array): Uint8Array {
  let start = 0;
  while (start < number.length - 1 && number[start] === 0) start++;
  const digits = number.subarray(start);
  if ((digits[0] ?? 0) < 0x80) return digits;
  const positive = new Uint8Array(digits.length + 1);
  positive.set(digits, 1);
  return positive;
}
