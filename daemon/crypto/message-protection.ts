import type {
  AeadContext,
  CipherContext,
  Crypto,
  MacContext,
  MessageProtection,
} from '../contracts/crypto.ts';
import type { Random } from '../contracts/random.ts';
import { TransformType } from '../proto/iana/transforms.ts';
import type { Proposal } from '../proto/proposal.ts';
import { transformOf } from '../proto/proposal-transforms.ts';
import { constantTimeEqual } from '../util/constant-time.ts';
import { InternalError } from '../util/error.ts';
import type { Secret } from '../util/secret.ts';
import { IvCounter } from './iv-counter.ts';

/**
 * Protection of the messages of one direction of an IKE_SA with the algorithms of an agreed proposal.
 * `encryptionKey` is SK_ei or SK_er (salt included), `integrityKey` SK_ai or SK_ar, not used by AEAD ciphers.
 * Counted IVs begin above `lastIv`. The keys are copied. Throws {@link InternalError} if the proposal cannot be carried out.
 */
export function createProtection(
  crypto: Crypto,
  proposal: Proposal,
  encryptionKey: Secret,
  integrityKey: Secret | undefined,
  random: Random,
  lastIv = 0,
): MessageProtection {
  const encryption = transformOf(proposal, TransformType.ENCR);
  if (encryption === undefined) throw new InternalError('the IKE proposal has no cipher');
  const aead = crypto.aead(encryption.id, encryption.keyLength);
  if (aead !== undefined) {
    const keyOctets = aead.keyBits / 8;
    if (encryptionKey.length !== keyOctets + aead.saltOctets)
      throw new InternalError(`SK_e of ${encryptionKey.length} octets does not fit the cipher`);
    const salt = encryptionKey.bytes.slice(keyOctets);
    const context = aead.create(encryptionKey.bytes.subarray(0, keyOctets));
    return new AeadProtection(context, salt, aead.ivOctets, aead.icvOctets, new IvCounter(lastIv));
  }
  const cipher = crypto.cipher(encryption.id, encryption.keyLength);
  const integrity = transformOf(proposal, TransformType.INTEG);
  const mac = integrity && crypto.mac(integrity.id);
  if (cipher === undefined || mac === undefined || integrityKey === undefined)
    throw new InternalError('no provider of the cipher or the integrity of the IKE proposal');
  return new CbcProtection(
    cipher.create(encryptionKey.bytes),
    mac.create(integrityKey.bytes),
    { ivOctets: cipher.ivOctets, icvOctets: mac.icvOctets, blockOctets: cipher.blockOctets },
    random,
  );
}

/** RFC 5282 section 3: nonce = salt | explicit IV, the IV a counter, the associated data the message so far. */
class AeadProtection implements MessageProtection {
  readonly ivOctets: number;
  readonly icvOctets: number;
  readonly blockOctets = 1;
  readonly #context: AeadContext;
  readonly #saltOctets: number;
  /** Salt and room for an IV, written anew for every use. */
  readonly #nonce: Uint8Array;
  readonly ivs: IvCounter;

  constructor(
    context: AeadContext,
    salt: Uint8Array,
    ivOctets: number,
    icvOctets: number,
    ivs: IvCounter,
  ) {
    this.ivs = ivs;
    this.ivOctets = ivOctets;
    this.icvOctets = icvOctets;
    this.#context = context;
    this.#saltOctets = salt.length;
    this.#nonce = new Uint8Array(salt.length + ivOctets);
    this.#nonce.set(salt);
  }

  seal(aad: Uint8Array, padded: Uint8Array): Uint8Array {
    const iv = this.#nextIv();
    const sealed = this.#context.seal(this.#nonce, aad, padded);
    const body = new Uint8Array(iv.length + sealed.length);
    body.set(iv);
    body.set(sealed, iv.length);
    return body;
  }

  open(aad: Uint8Array, body: Uint8Array): Uint8Array | undefined {
    if (body.length < this.ivOctets + this.icvOctets) return undefined;
    this.#nonce.set(body.subarray(0, this.ivOctets), this.#saltOctets);
    return this.#context.open(this.#nonce, aad, body.subarray(this.ivOctets));
  }

  [Symbol.dispose](): void {
    this.#context[Symbol.dispose]();
    this.#nonce.fill(0);
    this.ivs.close(); // nothing can be sealed under a wiped salt
  }

  #nextIv(): Uint8Array {
    const counter = this.ivs.next();
    const nonce = this.#nonce;
    const view = new DataView(nonce.buffer, nonce.length - 8);
    view.setUint32(0, Math.floor(counter / 0x1_0000_0000));
    view.setUint32(4, counter % 0x1_0000_0000);
    return nonce.subarray(this.#saltOctets);
  }
}

interface CbcShape {
  readonly ivOctets: number;
  readonly icvOctets: number;
  readonly blockOctets: number;
}

/** RFC 7296 section 3.14: CBC with an unpredictable IV, and the MAC over everything before the ICV. */
class CbcProtection implements MessageProtection {
  readonly ivOctets: number;
  readonly icvOctets: number;
  readonly blockOctets: number;
  readonly #cipher: CipherContext;
  readonly #mac: MacContext;
  readonly #random: Random;

  constructor(cipher: CipherContext, mac: MacContext, shape: CbcShape, random: Random) {
    this.ivOctets = shape.ivOctets;
    this.icvOctets = shape.icvOctets;
    this.blockOctets = shape.blockOctets;
    this.#cipher = cipher;
    this.#mac = mac;
    this.#random = random;
  }

  seal(aad: Uint8Array, padded: Uint8Array): Uint8Array {
    const iv = this.#random.bytes(this.ivOctets);
    const text = this.#cipher.encrypt(iv, padded);
    const body = new Uint8Array(iv.length + text.length + this.icvOctets);
    body.set(iv);
    body.set(text, iv.length);
    const icvOffset = iv.length + text.length;
    body.set(this.#mac.sign(aad, body.subarray(0, icvOffset)), icvOffset);
    return body;
  }

  // Nothing is decrypted before the ICV is verified: no padding oracle.
  open(aad: Uint8Array, body: Uint8Array): Uint8Array | undefined {
    const icvOffset = body.length - this.icvOctets;
    const textOctets = icvOffset - this.ivOctets;
    if (textOctets < this.blockOctets || textOctets % this.blockOctets !== 0) return undefined;
    const icv = this.#mac.sign(aad, body.subarray(0, icvOffset));
    if (!constantTimeEqual(icv, body.subarray(icvOffset))) return undefined;
    const iv = body.subarray(0, this.ivOctets);
    return this.#cipher.decrypt(iv, body.subarray(this.ivOctets, icvOffset));
  }

  [Symbol.dispose](): void {
    this.#cipher[Symbol.dispose]();
    this.#mac[Symbol.dispose]();
  }
}
