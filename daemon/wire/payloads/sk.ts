import type { MessageProtection } from '../../contracts/crypto.ts';
import { InternalError } from '../../util/error.ts';
import { DecodeError, IntegrityError } from '../decode-error.ts';

/**
 * Opens the body of an SK or SKF payload, which `aad` precedes: integrity first, then padding (RFC 7296 section
 * 3.14). Returns the content without padding.
 */
export function openBody(
  protection: MessageProtection,
  aad: Uint8Array,
  body: Uint8Array,
  name: 'SK' | 'SKF',
): Uint8Array {
  const offset = aad.length;
  if (body.length < protection.ivOctets + protection.icvOctets + 1) {
    throw new DecodeError({ payload: name, offset, reason: `body of ${body.length} octets` });
  }
  const padded = protection.open(aad, body);
  if (padded === undefined) throw new IntegrityError(name, offset);
  return DecodeError.whileAuthenticated(() => withoutPadding(padded, offset, name));
}

function withoutPadding(padded: Uint8Array, offset: number, name: 'SK' | 'SKF'): Uint8Array {
  const padLength = padded[padded.length - 1];
  if (padLength === undefined || padLength >= padded.length) {
    throw new DecodeError({ payload: name, offset, reason: 'padding longer than the content' });
  }
  return padded.subarray(0, padded.length - 1 - padLength);
}

/** Octets of a sealed body for `contentOctets` of content with as little padding as possible. */
export function sealedOctets(protection: MessageProtection, contentOctets: number): number {
  const { ivOctets, icvOctets } = protection;
  return ivOctets + paddedOctets(contentOctets, protection.blockOctets) + icvOctets;
}

/** Most octets of content whose sealed body has at most `bodyOctets`; negative if not even padding fits. */
export function contentThatFits(protection: MessageProtection, bodyOctets: number): number {
  const { ivOctets, icvOctets, blockOctets } = protection;
  const padded = bodyOctets - ivOctets - icvOctets;
  return padded - (((padded % blockOctets) + blockOctets) % blockOctets) - 1;
}

/** Pads with zeros up to the block size and seals. Throws {@link InternalError} if the length comes out wrong. */
export function sealBody(
  protection: MessageProtection,
  aad: Uint8Array,
  content: Uint8Array,
): Uint8Array {
  const padded = new Uint8Array(paddedOctets(content.length, protection.blockOctets));
  padded.set(content);
  padded[padded.length - 1] = padded.length - content.length - 1;
  const body = protection.seal(aad, padded);
  // The length fields in `aad` are written before and are authenticated.
  if (body.length !== sealedOctets(protection, content.length)) {
    throw new InternalError(`sealed body of ${body.length} octets`);
  }
  return body;
}

function paddedOctets(contentOctets: number, blockOctets: number): number {
  return Math.ceil((contentOctets + 1) / blockOctets) * blockOctets;
}
