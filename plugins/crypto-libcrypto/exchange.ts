import {
  type KeyExchange,
  type KeyExchangeAlgorithm,
  KeyExchangeError,
} from '../../daemon/contracts/crypto.ts';
import { KeMethod } from '../../daemon/proto/iana/transforms.ts';
import { LibcryptoMethod, LibcryptoStatus } from '../../native/libcrypto.ts';
import { type Calls, demandDone, takeSecret } from './calls.ts';
import { KeptKey } from './kept-key.ts';

type MethodName = keyof typeof LibcryptoMethod;

/** One Diffie-Hellman method of the addon. */
interface Shape {
  readonly name: string;
  readonly number: number;
  readonly privateOctets: number;
  readonly publicOctets: number;
  readonly secretOctets: number;
}

// Public values are checked by the addon: of low order (a zero secret), off the curve, out of range.
function demandAccepted({ name }: Shape, status: number): void {
  if (status === LibcryptoStatus.REFUSED)
    throw new KeyExchangeError(`${name} public value is invalid`);
  demandDone(status);
}

function checkLength({ name, publicOctets }: Shape, peerPublic: Uint8Array): void {
  if (peerPublic.length !== publicOctets)
    throw new KeyExchangeError(
      `${name} public value has ${peerPublic.length} octets, not ${publicOctets}`,
    );
}

/** The initiator's half: between two messages its private key is kept here. */
class LibcryptoExchange extends KeptKey implements KeyExchange {
  readonly publicValue: Uint8Array;
  readonly #calls: Calls;
  readonly #shape: Shape;

  /** Takes the key pair at the start of the memory. */
  constructor(calls: Calls, shape: Shape) {
    const { privateOctets, publicOctets } = shape;
    const { octets } = calls;
    super(calls.keys, octets.subarray(0, privateOctets));
    this.#calls = calls;
    this.#shape = shape;
    this.publicValue = octets.slice(privateOctets, privateOctets + publicOctets);
    octets.fill(0, 0, privateOctets);
  }

  save(): Uint8Array {
    if (this.wiped) return new Uint8Array(0);
    const saved = new Uint8Array(this.#shape.privateOctets);
    this.copyKeyTo(saved);
    return saved;
  }

  secret(peerPublic: Uint8Array): Uint8Array {
    if (this.wiped) throw new TypeError('key exchange used after it was disposed');
    checkLength(this.#shape, peerPublic);
    const { privateOctets, publicOctets, secretOctets, number } = this.#shape;
    const { addon, octets } = this.#calls;
    this.copyKeyTo(octets);
    octets.set(this.publicValue, privateOctets);
    octets.set(peerPublic, privateOctets + publicOctets);
    demandAccepted(this.#shape, addon.derive(number));
    return takeSecret(octets, 0, secretOctets);
  }
}

function exchangeMethod(calls: Calls, id: number, name: MethodName): KeyExchangeAlgorithm {
  const shape = { name, ...LibcryptoMethod[name] };
  const { number, privateOctets, publicOctets, secretOctets } = shape;
  const { addon, octets } = calls;
  return {
    id,
    initiatorOctets: publicOctets,
    responderOctets: publicOctets,
    initiate() {
      demandDone(addon.generate(number));
      return new LibcryptoExchange(calls, shape);
    },
    restore(saved) {
      if (saved.length !== privateOctets) return undefined;
      octets.set(saved);
      const status = addon.publish(number);
      if (status === LibcryptoStatus.DONE) return new LibcryptoExchange(calls, shape);
      octets.fill(0, 0, privateOctets);
      return undefined;
    },
    respond(peerPublic) {
      checkLength(shape, peerPublic);
      octets.set(peerPublic);
      demandAccepted(shape, addon.respond(number));
      return {
        publicValue: octets.slice(0, publicOctets),
        secret: takeSecret(octets, publicOctets, publicOctets + secretOctets),
      };
    },
  };
}

/** X25519 and X448 (RFC 8031), the ECP groups of RFC 5903 and the MODP groups of RFC 3526. */
export function libcryptoExchanges(calls: Calls): readonly KeyExchangeAlgorithm[] {
  return [
    exchangeMethod(calls, KeMethod.ECP_256, 'ECP_256'),
    exchangeMethod(calls, KeMethod.ECP_384, 'ECP_384'),
    exchangeMethod(calls, KeMethod.ECP_521, 'ECP_521'),
    exchangeMethod(calls, KeMethod.CURVE_25519, 'X25519'),
    exchangeMethod(calls, KeMethod.CURVE_448, 'X448'),
    exchangeMethod(calls, KeMethod.MODP_3072, 'MODP_3072'),
    exchangeMethod(calls, KeMethod.MODP_4096, 'MODP_4096'),
    exchangeMethod(calls, KeMethod.MODP_2048, 'MODP_2048'),
  ];
}
