import type { CType } from './c-struct.ts';
import { NetlinkDecodeError } from './errors.ts';
import { type Attribute, type Attributes, attributeWithTail, readStruct } from './nlmsg.ts';
import type { AeadAlgorithm, Algorithm, AuthAlgorithm, Sa } from './types.ts';
import { XfrmAttr } from './xfrm-constants.ts';
import { xfrmAlgo, xfrmAlgoAead, xfrmAlgoAuth } from './xfrm-structs.ts';

type Algorithms = Pick<Sa, 'crypt' | 'auth' | 'aead' | 'comp'>;

/** The algorithms of an SA; key lengths follow from the keys. */
export function algorithmAttributes(sa: Algorithms): Attribute[] {
  const list: Attribute[] = [];
  const { aead, auth, crypt, comp } = sa;
  if (aead !== undefined) {
    const fixed = { ...named(aead), alg_icv_len: aead.icvBits };
    list.push(attributeWithTail(XfrmAttr.ALG_AEAD, xfrmAlgoAead, fixed, aead.key));
  }
  if (auth?.truncateBits !== undefined) {
    const fixed = { ...named(auth), alg_trunc_len: auth.truncateBits };
    list.push(attributeWithTail(XfrmAttr.ALG_AUTH_TRUNC, xfrmAlgoAuth, fixed, auth.key));
  } else if (auth !== undefined) {
    list.push(attributeWithTail(XfrmAttr.ALG_AUTH, xfrmAlgo, named(auth), auth.key));
  }
  if (crypt !== undefined) {
    list.push(attributeWithTail(XfrmAttr.ALG_CRYPT, xfrmAlgo, named(crypt), crypt.key));
  }
  if (comp !== undefined) {
    list.push(attributeWithTail(XfrmAttr.ALG_COMP, xfrmAlgo, named(comp), comp.key));
  }
  return list;
}

/**
 * The algorithms that came with an SA. The kernel names an authentication algorithm twice, with and without its
 * truncation; the one with it is taken.
 */
export function algorithmsOf(attributes: Attributes): Algorithms {
  const crypt = plain(attributes, XfrmAttr.ALG_CRYPT, 'XFRMA_ALG_CRYPT');
  const auth = truncated(attributes) ?? plain(attributes, XfrmAttr.ALG_AUTH, 'XFRMA_ALG_AUTH');
  const aead = aeadOf(attributes);
  const comp = plain(attributes, XfrmAttr.ALG_COMP, 'XFRMA_ALG_COMP');
  return {
    ...(crypt !== undefined && { crypt }),
    ...(auth !== undefined && { auth }),
    ...(aead !== undefined && { aead }),
    ...(comp !== undefined && { comp }),
  };
}

function named(algorithm: Algorithm): { alg_name: string; alg_key_len: number } {
  return { alg_name: algorithm.name, alg_key_len: algorithm.key.length * 8 };
}

function plain(attributes: Attributes, type: number, what: string): Algorithm | undefined {
  const bytes = attributes.get(type);
  if (bytes === undefined) return undefined;
  const raw = readStruct(xfrmAlgo, what, bytes);
  return { name: raw.alg_name, key: keyAfter(xfrmAlgo, what, bytes, raw.alg_key_len) };
}

function truncated(attributes: Attributes): AuthAlgorithm | undefined {
  const bytes = attributes.get(XfrmAttr.ALG_AUTH_TRUNC);
  if (bytes === undefined) return undefined;
  const what = 'XFRMA_ALG_AUTH_TRUNC';
  const raw = readStruct(xfrmAlgoAuth, what, bytes);
  const key = keyAfter(xfrmAlgoAuth, what, bytes, raw.alg_key_len);
  return { name: raw.alg_name, key, truncateBits: raw.alg_trunc_len };
}

function aeadOf(attributes: Attributes): AeadAlgorithm | undefined {
  const bytes = attributes.get(XfrmAttr.ALG_AEAD);
  if (bytes === undefined) return undefined;
  const what = 'XFRMA_ALG_AEAD';
  const raw = readStruct(xfrmAlgoAead, what, bytes);
  const key = keyAfter(xfrmAlgoAead, what, bytes, raw.alg_key_len);
  return { name: raw.alg_name, key, icvBits: raw.alg_icv_len };
}

function keyAfter(
  of: CType<unknown, never>,
  what: string,
  bytes: Uint8Array,
  bits: number,
): Uint8Array {
  const end = of.size + Math.ceil(bits / 8);
  if (end > bytes.length)
    throw new NetlinkDecodeError(what, of.size, `${bits} key bits are missing`);
  return bytes.slice(of.size, end);
}
