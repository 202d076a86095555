import {
  type CipherGCM,
  createCipheriv,
  createDecipheriv,
  createHmac,
  type DecipherGCM,
} from 'node:crypto';
import type { MessageProtection } from '../../daemon/contracts/crypto.ts';
import { concatBytes, equalBytes } from '../../daemon/util/bytes.ts';
import type { CaptureKeys } from './capture-keys.ts';

interface Suite {
  /** Cipher name of node:crypto without the key length. */
  readonly cipher: (keyOctets: number) => string;
  readonly mode: 'cbc' | 'ctr' | 'aead';
  readonly saltOctets: number;
  readonly ivOctets: number;
  readonly blockOctets: number;
  /** Octets of the tag, for AEAD. */
  readonly tagOctets?: number;
}

const aes =
  (mode: string) =>
  (keyOctets: number): string =>
    `aes-${keyOctets * 8}-${mode}`;
const ccm = (tagOctets: number): Suite => ({
  cipher: aes('ccm'),
  mode: 'aead',
  saltOctets: 3,
  ivOctets: 8,
  blockOctets: 1,
  tagOctets,
});
const gcm = (tagOctets: number): Suite => ({
  cipher: aes('gcm'),
  mode: 'aead',
  saltOctets: 4,
  ivOctets: 8,
  blockOctets: 1,
  tagOctets,
});
const ctr: Suite = { cipher: aes('ctr'), mode: 'ctr', saltOctets: 4, ivOctets: 8, blockOctets: 1 };

// Some of these ciphers are outside the daemon's list; they are here only to open old captures.
const suites: ReadonlyMap<string, Suite> = new Map([
  [
    '3DES [RFC2451]',
    { cipher: () => 'des-ede3-cbc', mode: 'cbc', saltOctets: 0, ivOctets: 8, blockOctets: 8 },
  ],
  [
    'AES-CBC-256 [RFC3602]',
    { cipher: aes('cbc'), mode: 'cbc', saltOctets: 0, ivOctets: 16, blockOctets: 16 },
  ],
  ['AES-CTR-128 [RFC5930]', ctr],
  ['AES-CTR-192 [RFC5930]', ctr],
  ['AES-CCM-128 with 12 octet ICV [RFC5282]', ccm(12)],
  ['AES-CCM-256 with 16 octet ICV [RFC5282]', ccm(16)],
  ['AES-GCM-256 with 8 octet ICV [RFC5282]', gcm(8)],
  ['AES-GCM-256 with 16 octet ICV [RFC5282]', gcm(16)],
]);

interface Mac {
  readonly hash: string;
  readonly icvOctets: number;
  /** False where the table has no integrity key: the ICV is carried over, not checked. */
  readonly keyed: boolean;
}

const macs: ReadonlyMap<string, Mac> = new Map([
  ['HMAC_SHA1_160 [RFC4595]', { hash: 'sha1', icvOctets: 20, keyed: true }],
  ['HMAC_SHA2_256_128 [RFC4868]', { hash: 'sha256', icvOctets: 16, keyed: true }],
  ['HMAC_SHA2_512_256 [RFC4868]', { hash: 'sha512', icvOctets: 32, keyed: true }],
  ['ANY 96-bits of Authentication [No Checking]', { hash: 'none', icvOctets: 12, keyed: false }],
]);

interface Replay {
  readonly iv: Uint8Array;
  readonly padded: Uint8Array;
  readonly icv: Uint8Array;
}

/**
 * Opens messages of a capture, and seals the same content again with the IV and the padding octets of the
 * message opened last, so that a faithful encoder gives the captured datagram.
 */
export class ReplayProtection implements MessageProtection {
  readonly ivOctets: number;
  readonly icvOctets: number;
  readonly blockOctets: number;
  readonly #suite: Suite;
  readonly #mac: Mac | undefined;
  readonly #key: Uint8Array;
  readonly #salt: Uint8Array;
  readonly #macKey: Uint8Array;
  #last: Replay | undefined;

  constructor(keys: CaptureKeys, fromInitiator: boolean) {
    const suite = suites.get(keys.encryption);
    if (suite === undefined) throw new Error(`no test cipher for ${keys.encryption}`);
    const material = fromInitiator ? keys.skEi : keys.skEr;
    const keyOctets = material.length - suite.saltOctets;
    this.#suite = suite;
    this.#mac = macs.get(keys.integrity);
    this.#key = material.slice(0, keyOctets);
    this.#salt = material.slice(keyOctets);
    this.#macKey = fromInitiator ? keys.skAi : keys.skAr;
    this.ivOctets = suite.ivOctets;
    this.blockOctets = suite.blockOctets;
    this.icvOctets = suite.tagOctets ?? this.#mac?.icvOctets ?? 0;
  }

  open(aad: Uint8Array, body: Uint8Array): Uint8Array | undefined {
    const iv = body.slice(0, this.ivOctets);
    const sealed = body.slice(this.ivOctets, body.length - this.icvOctets);
    const icv = body.slice(body.length - this.icvOctets);
    if (this.#mac?.keyed && !equalBytes(this.#sign(aad, iv, sealed), icv)) return undefined;
    const padded = this.#decrypt(iv, aad, sealed, icv);
    if (padded !== undefined) this.#last = { iv, padded, icv };
    return padded;
  }

  seal(aad: Uint8Array, padded: Uint8Array): Uint8Array {
    const last = this.#last;
    if (last === undefined) throw new Error('nothing was opened before');
    const padding = (last.padded.at(-1) ?? 0) + 1;
    const replayed = padded.slice();
    // Only the padding octets are taken over; a different Pad Length would show as a difference.
    if (padded.length === last.padded.length && padded.at(-1) === last.padded.at(-1)) {
      replayed.set(last.padded.subarray(-padding), padded.length - padding);
    }
    const [sealed, tag] = this.#encrypt(last.iv, aad, replayed);
    const icv = this.#mac?.keyed ? this.#sign(aad, last.iv, sealed) : (tag ?? last.icv);
    return concatBytes(last.iv, sealed, icv);
  }

  [Symbol.dispose](): void {
    this.#last = undefined;
  }

  #sign(...chunks: readonly Uint8Array[]): Uint8Array {
    const hmac = createHmac(this.#mac?.hash ?? 'sha256', this.#macKey);
    for (const chunk of chunks) hmac.update(chunk);
    return new Uint8Array(hmac.digest().subarray(0, this.icvOctets));
  }

  #decrypt(
    iv: Uint8Array,
    aad: Uint8Array,
    sealed: Uint8Array,
    tag: Uint8Array,
  ): Uint8Array | undefined {
    const name = this.#suite.cipher(this.#key.length);
    if (this.#suite.mode !== 'aead') {
      const decipher = createDecipheriv(name, this.#key, this.#block(iv));
      decipher.setAutoPadding(false);
      return new Uint8Array(Buffer.concat([decipher.update(sealed), decipher.final()]));
    }
    const decipher = createDecipheriv(name, this.#key, concatBytes(this.#salt, iv), {
      authTagLength: tag.length,
    } as object) as DecipherGCM;
    decipher.setAuthTag(tag);
    decipher.setAAD(aad, { plaintextLength: sealed.length });
    try {
      return new Uint8Array(Buffer.concat([decipher.update(sealed), decipher.final()]));
    } catch {
      return undefined;
    }
  }

  #encrypt(
    iv: Uint8Array,
    aad: Uint8Array,
    padded: Uint8Array,
  ): [sealed: Uint8Array, tag: Uint8Array | undefined] {
    const name = this.#suite.cipher(this.#key.length);
    if (this.#suite.mode !== 'aead') {
      const cipher = createCipheriv(name, this.#key, this.#block(iv));
      cipher.setAutoPadding(false);
      return [new Uint8Array(Buffer.concat([cipher.update(padded), cipher.final()])), undefined];
    }
    const cipher = createCipheriv(name, this.#key, concatBytes(this.#salt, iv), {
      authTagLength: this.icvOctets,
    } as object) as CipherGCM;
    cipher.setAAD(aad, { plaintextLength: padded.length });
    const sealed = new Uint8Array(Buffer.concat([cipher.update(padded), cipher.final()]));
    return [sealed, new Uint8Array(cipher.getAuthTag())];
  }

  // RFC 5930 section 2: nonce, IV and a block counter that starts at one.
  #block(iv: Uint8Array): Uint8Array {
    return this.#suite.mode === 'ctr' ? concatBytes(this.#salt, iv, Uint8Array.of(0, 0, 0, 1)) : iv;
  }
}
