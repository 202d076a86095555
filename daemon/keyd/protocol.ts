import type {
  KeyOrigin,
  KeyType,
  SignatureHash,
  SignatureScheme,
} from '../contracts/signatures.ts';
import { latin1, utf8 } from '../util/bytes.ts';
import { fromHex, toHex } from '../util/hex.ts';

/**
 * What the daemon and its key process say to each other: frames of a length (4 octets, big-endian, of what follows), a type (1), a number that
 * ties an answer to its request (4), and a body of fixed fields, of which the last takes the rest.
 */
export type KeydRequest =
  | {
      readonly type: 'load';
      readonly origin: KeyOrigin;
      readonly kind: KeyType['kind'] | undefined;
      readonly passphrase: Uint8Array | undefined;
      readonly data: Uint8Array;
    }
  | {
      readonly type: 'sign';
      readonly keyId: string;
      readonly scheme: SignatureScheme;
      readonly message: Uint8Array;
    }
  | { readonly type: 'unload'; readonly keyId: string; readonly origin: KeyOrigin }
  | { readonly type: 'clear'; readonly origin: KeyOrigin };

/**
 * `ready` is said once, before any request; `done` holds what was asked for, `failed` a sentence for people. `filler` means nothing: see {@link FILLER_OCTETS}.
 */
export type KeydAnswer =
  | { readonly type: 'ready' }
  | { readonly type: 'filler' }
  | { readonly type: 'done'; readonly result: Uint8Array }
  | { readonly type: 'failed'; readonly reason: string };

/** A frame without its length. */
export interface KeydFrame {
  readonly type: number;
  readonly id: number;
  readonly body: Uint8Array;
}

/** The stream makes no sense: whoever reads it stops, since no frame after this one can be found. */
export class KeydProtocolError extends Error {
  override readonly name = 'KeydProtocolError';
}

const TYPES = {
  load: 1,
  sign: 2,
  unload: 3,
  clear: 4,
  ready: 0x80,
  done: 0x81,
  failed: 0x82,
  filler: 0x83,
};

/**
 * Node has one block of 64 KiB into which it reads from any stream, and never wipes it. A key that a VICI client sends stays there until something as long is read, so
 * the answer to a key comes behind zeros that take its place.
 */
const FILLER_OCTETS = 64 << 10;

const ORIGINS: readonly KeyOrigin[] = ['vici', 'file', 'token'];
const KINDS: readonly KeyType['kind'][] = ['rsa', 'ecdsa', 'ed25519', 'ed448', 'ml-dsa'];
const HASHES: readonly SignatureHash[] = [
  ...(['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const),
  ...(['sha3-224', 'sha3-256', 'sha3-384', 'sha3-512'] as const),
];
const SCHEMES: readonly SignatureScheme['kind'][] = [
  ...(['rsa-pkcs1', 'rsa-pss', 'ecdsa', 'ed25519', 'ed448', 'ml-dsa'] as const),
];

const ID_OCTETS = 20;
const ABSENT = 0xff;

/** A whole frame. It holds copies, of a key too: wipe it once it is sent. */
export function encodeRequest(id: number, request: KeydRequest): Uint8Array {
  switch (request.type) {
    case 'load': {
      const { origin, kind, passphrase, data } = request;
      const octets = passphrase?.length ?? 0xffff;
      const head = Uint8Array.of(
        ORIGINS.indexOf(origin),
        kind === undefined ? ABSENT : KINDS.indexOf(kind),
        octets >>> 8,
        octets & 0xff,
      );
      return frame(TYPES.load, id, head, passphrase ?? new Uint8Array(0), data);
    }
    case 'sign': {
      const { scheme } = request;
      const salt = scheme.kind === 'rsa-pss' ? scheme.saltOctets : 0;
      const head = Uint8Array.of(
        SCHEMES.indexOf(scheme.kind),
        'hash' in scheme ? HASHES.indexOf(scheme.hash) : ABSENT,
        scheme.kind === 'ecdsa' && scheme.encoding === 'raw' ? 1 : 0,
        salt >>> 8,
        salt & 0xff,
      );
      return frame(TYPES.sign, id, octetsOfId(request.keyId), head, request.message);
    }
    case 'unload': {
      const origin = Uint8Array.of(ORIGINS.indexOf(request.origin));
      return frame(TYPES.unload, id, octetsOfId(request.keyId), origin);
    }
    case 'clear':
      return frame(TYPES.clear, id, Uint8Array.of(ORIGINS.indexOf(request.origin)));
  }
}

/** A whole frame. */
export function encodeAnswer(id: number, answer: KeydAnswer): Uint8Array {
  if (answer.type === 'done') return frame(TYPES.done, id, answer.result);
  if (answer.type === 'failed') return frame(TYPES.failed, id, utf8(answer.reason));
  if (answer.type === 'filler') return frame(TYPES.filler, id, new Uint8Array(FILLER_OCTETS));
  return frame(TYPES.ready, id);
}

/** The request in a frame, as views of it; `undefined` if it is none. */
export function decodeRequest({ type, body }: KeydFrame): KeydRequest | undefined {
  switch (type) {
    case TYPES.load:
      return decodeLoad(body);
    case TYPES.sign:
      return decodeSign(body);
    case TYPES.unload: {
      const origin = ORIGINS[body[ID_OCTETS] ?? ABSENT];
      if (body.length !== ID_OCTETS + 1 || origin === undefined) return undefined;
      return { type: 'unload', keyId: toHex(body.subarray(0, ID_OCTETS)), origin };
    }
    case TYPES.clear: {
      const origin = ORIGINS[body[0] ?? ABSENT];
      return body.length === 1 && origin !== undefined ? { type: 'clear', origin } : undefined;
    }
    default:
      return undefined;
  }
}

/** The answer in a frame; `undefined` if it is none. */
export function decodeAnswer({ type, body }: KeydFrame): KeydAnswer | undefined {
  switch (type) {
    case TYPES.ready:
      return body.length === 0 ? { type: 'ready' } : undefined;
    case TYPES.filler:
      return { type: 'filler' };
    case TYPES.done:
      return { type: 'done', result: body };
    case TYPES.failed:
      return { type: 'failed', reason: latin1(body) };
    default:
      return undefined;
  }
}

function decodeLoad(body: Uint8Array): KeydRequest | undefined {
  const [from = ABSENT, which = ABSENT, high = 0, low = 0] = body;
  const origin = ORIGINS[from];
  const kind = KINDS[which];
  const length = high * 256 + low;
  const octets = length === 0xffff ? 0 : length;
  if (origin === undefined || (kind === undefined && which !== ABSENT)) return undefined;
  if (body.length < 4 + octets) return undefined;
  const passphrase = length === 0xffff ? undefined : body.subarray(4, 4 + octets);
  return { type: 'load', origin, kind, passphrase, data: body.subarray(4 + octets) };
}

function decodeSign(body: Uint8Array): KeydRequest | undefined {
  const head = body.subarray(ID_OCTETS, ID_OCTETS + 5);
  const [which = ABSENT, hashed = ABSENT, raw = ABSENT, high = 0, low = 0] = head;
  if (head.length < 5) return undefined;
  const scheme = schemeOf(SCHEMES[which], HASHES[hashed], raw, high * 256 + low);
  if (scheme === undefined || 'hash' in scheme !== (hashed !== ABSENT)) return undefined;
  return {
    type: 'sign',
    keyId: toHex(body.subarray(0, ID_OCTETS)),
    scheme,
    message: body.subarray(ID_OCTETS + 5),
  };
}

function schemeOf(
  kind: SignatureScheme['kind'] | undefined,
  hash: SignatureHash | undefined,
  raw: number,
  saltOctets: number,
): SignatureScheme | undefined {
  switch (kind) {
    case 'rsa-pkcs1':
      return hash && raw === 0 && saltOctets === 0 ? { kind, hash } : undefined;
    case 'rsa-pss':
      return hash && raw === 0 ? { kind, hash, saltOctets } : undefined;
    case 'ecdsa':
      if (hash === undefined || raw > 1 || saltOctets !== 0) return undefined;
      return { kind, hash, encoding: raw === 1 ? 'raw' : 'der' };
    case undefined:
      return undefined;
    default:
      return raw === 0 && saltOctets === 0 ? { kind } : undefined;
  }
}

function octetsOfId(keyId: string): Uint8Array {
  const octets = fromHex(keyId);
  return octets?.length === ID_OCTETS ? octets : new Uint8Array(ID_OCTETS);
}

function frame(type: number, id: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 5;
  for (const part of parts) length += part.length;
  const octets = new Uint8Array(4 + length);
  putUint32(octets, 0, length);
  octets[4] = type;
  putUint32(octets, 5, id);
  let offset = 9;
  for (const part of parts) {
    octets.set(part, offset);
    offset += part.length;
  }
  return octets;
}

function putUint32(octets: Uint8Array, offset: number, value: number): void {
  for (let i = 0; i < 4; i++) octets[offset + i] = value >>> (24 - 8 * i);
}
