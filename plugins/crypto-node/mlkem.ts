import * as crypto from 'node:crypto';
import {
  type KeyExchange,
  type KeyExchangeAlgorithm,
  KeyExchangeError,
} from '../../daemon/contracts/crypto.ts';
import { KeMethod } from '../../daemon/proto/iana/transforms.ts';
import { plain } from './plain.ts';

/** One parameter set of FIPS 203; lengths in octets. */
export interface ParameterSet {
  readonly id: number;
  readonly name: 'ML-KEM-512' | 'ML-KEM-768' | 'ML-KEM-1024';
  readonly type: 'ml-kem-512' | 'ml-kem-768' | 'ml-kem-1024';
  /** Of the encapsulation key, which the initiator sends. */
  readonly keyOctets: number;
  /** Of the ciphertext, which the responder sends. */
  readonly ciphertextOctets: number;
}

/** The parameter sets. */
export const ML_KEM: readonly ParameterSet[] = [
  set(KeMethod.ML_KEM_512, 'ML-KEM-512', 'ml-kem-512', 800, 768),
  set(KeMethod.ML_KEM_768, 'ML-KEM-768', 'ml-kem-768', 1184, 1088),
  set(KeMethod.ML_KEM_1024, 'ML-KEM-1024', 'ml-kem-1024', 1568, 1568),
];

function set(
  id: number,
  name: ParameterSet['name'],
  type: ParameterSet['type'],
  keyOctets: number,
  ciphertextOctets: number,
): ParameterSet {
  return { id, name, type, keyOctets, ciphertextOctets };
}

/**
 * ML-KEM of FIPS 203 as a key exchange (draft-ietf-ipsecme-ikev2-mlkem): the initiator sends an encapsulation key, the responder
 * a ciphertext, and the secret is the 32 octets of the KEM. A ciphertext that was not made for the key yields another
 * secret, which nobody else has, instead of an error. Empty where the runtime (Node before 24.8, OpenSSL before 3.5)
 * has no ML-KEM.
 */
export const nodeMlKemMethods: readonly KeyExchangeAlgorithm[] = hasMlKem()
  ? ML_KEM.map(method)
  : [];

function hasMlKem(): boolean {
  try {
    crypto.generateKeyPairSync('ml-kem-512').publicKey.export({ format: 'jwk' });
    return typeof crypto.encapsulate === 'function';
  } catch {
    return false;
  }
}

function method(parameters: ParameterSet): KeyExchangeAlgorithm {
  const { id, type, keyOctets, ciphertextOctets } = parameters;
  return {
    id,
    initiatorOctets: keyOctets,
    responderOctets: ciphertextOctets,
    initiate: () => new Decapsulation(parameters, crypto.generateKeyPairSync(type).privateKey),
    restore(saved) {
      try {
        return new Decapsulation(parameters, loadKey(saved));
      } catch {
        return undefined;
      }
    },
    respond(peerPublic) {
      const { sharedKey, ciphertext } = encapsulate(parameters, peerPublic);
      return { publicValue: plain(ciphertext), secret: plain(sharedKey) };
    },
  };
}

/** Encapsulates to a peer's key. Throws {@link KeyExchangeError} for one of another length or not reduced (section 7.2). */
function encapsulate(
  { name, keyOctets }: ParameterSet,
  peerPublic: Uint8Array,
): { readonly sharedKey: Uint8Array; readonly ciphertext: Uint8Array } {
  if (peerPublic.length !== keyOctets)
    throw new KeyExchangeError(
      `${name} encapsulation key has ${peerPublic.length} octets, not ${keyOctets}`,
    );
  const pub = base64url(peerPublic);
  try {
    return crypto.encapsulate({ key: { kty: 'AKP', alg: name, pub }, format: 'jwk' });
  } catch (cause) {
    throw new KeyExchangeError(`${name} encapsulation key is invalid`, { cause });
  }
}

/** A private key from the 64 octets of its seed, for what another process saved. */
export function keyOfSeed(name: ParameterSet['name'], seed: Uint8Array): crypto.KeyObject {
  const prefix = PKCS8_PREFIXES[name];
  return loadKey(Buffer.concat([Buffer.from(prefix, 'hex'), seed]));
}

// RFC 9935: PKCS #8 with the seed alone.
const PKCS8_PREFIXES = {
  'ML-KEM-512': '3054020100300b060960864801650304040104428040',
  'ML-KEM-768': '3054020100300b060960864801650304040204428040',
  'ML-KEM-1024': '3054020100300b060960864801650304040304428040',
} as const;

function loadKey(saved: Uint8Array): crypto.KeyObject {
  return crypto.createPrivateKey({ key: Buffer.from(saved), format: 'der', type: 'pkcs8' });
}

/** The half of the initiator, whose private key opens one ciphertext. */
export class Decapsulation implements KeyExchange {
  readonly publicValue: Uint8Array;
  readonly #parameters: ParameterSet;
  #key: crypto.KeyObject | undefined;

  constructor(parameters: ParameterSet, key: crypto.KeyObject) {
    this.#parameters = parameters;
    this.#key = key;
    const { pub = '' } = crypto.createPublicKey(key).export({ format: 'jwk' });
    this.publicValue = new Uint8Array(Buffer.from(String(pub), 'base64url'));
  }

  save(): Uint8Array {
    return this.#key === undefined
      ? new Uint8Array(0)
      : plain(this.#key.export({ format: 'der', type: 'pkcs8' }));
  }

  secret(peerPublic: Uint8Array): Uint8Array {
    if (this.#key === undefined) throw new TypeError('key exchange used after it was disposed');
    const { name, ciphertextOctets } = this.#parameters;
    if (peerPublic.length !== ciphertextOctets)
      throw new KeyExchangeError(
        `${name} ciphertext has ${peerPublic.length} octets, not ${ciphertextOctets}`,
      );
    return plain(crypto.decapsulate(this.#key, peerPublic));
  }

  // The last reference to the private key goes; OpenSSL clears it when it is collected.
  [Symbol.dispose](): void {
    this.#key = undefined;
  }
}

function base64url(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64url');
}
