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
import { putUint32, uint32At } from '../util/uint64.ts';
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
    if (aead.saltOctets !== SALT_OCTETS || aead.ivOctets !== IV_OCTETS)
      throw new InternalError('salt and IV of the cipher are not those of RFC 5282');
    const context = aead.create(encryptionKey.bytes.subarray(0, keyOctets));
    const salt = uint32At(encryptionKey.bytes, keyOctets);
    return new AeadProtection(context, salt, aead.icvOctets, new IvCounter(lastIv));
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

const SALT_OCTETS = 4;
const IV_OCTETS = 8;

/** Salt and IV of the message at hand: an array for each direction of each IKE_SA would be a third of what it keeps of its keys. */
const NONCE = new Uint8Array(SALT_OCTETS + IV_OCTETS);

/** RFC 5282 section 3: nonce = salt | explicit IV, the IV a counter, the associated data the message so far. */
class AeadProtection implements MessageProtection {
  readonly ivOctets = IV_OCTETS;
  readonly icvOctets: number;
  readonly blockOctets = 1;
  readonly #context: AeadContext;
  #salt: number;
  readonly ivs: IvCounter;

  constructor(context: AeadContext, salt: number, icvOctets: number, ivs: IvCounter) {
    this.ivs = ivs;
    this.icvOctets = icvOctets;
    this.#context = context;
    this.#salt = salt;
  }

  seal(aad: Uint8Array, padded: Uint8Array): Uint8Array {
    const counter = this.ivs.next();
    putUint32(NONCE, 0, this.#salt);
    putUint32(NONCE, SALT_OCTETS, Math.floor(counter / 0x1_0000_0000));
    putUint32(NONCE, SALT_OCTETS + 4, counter);
    const sealed = this.#context.seal(NONCE, aad, padded);
    const body = new Uint8Array(IV_OCTETS + sealed.length);
    for (let i = 0; i < IV_OCTETS; i++) body[i] = NONCE[SALT_OCTETS + i] ?? 0;
    body.set(sealed, IV_OCTETS);
    return body;
  }

  open(aad: Uint8Array, body: Uint8Array): Uint8Array | undefined {
    if (body.length < this.ivOctets + this.icvOctets) return undefined;
    putUint32(NONCE, 0, this.#salt);
    for (let i = 0; i < IV_OCTETS; i++) NONCE[SALT_OCTETS + i] = body[i] ?? 0;
    return this.#context.open(NONCE, aad, body.subarray(IV_OCTETS));
  }

  [Symbol.dispose](): void {
    this.#context[Symbol.dispose]();
    this.#salt = 0;
    NONCE.fill(0);
    this.ivs.close(); // nothing can be sealed under a wiped salt
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
