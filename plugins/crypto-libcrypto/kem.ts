import { type KeyExchangeAlgorithm, KeyExchangeError } from '../../daemon/contracts/crypto.ts';
import { KeMethod } from '../../daemon/proto/iana/transforms.ts';
import { LibcryptoKem, LibcryptoStatus } from '../../native/libcrypto.ts';
import { type Calls, demandDone, takeSecret } from './calls.ts';

const SECRET_OCTETS = 32;

/** The responder's half of a key exchange method. */
export type Responder = Pick<KeyExchangeAlgorithm, 'id' | 'respond'>;

function encapsulation(calls: Calls, id: number, name: keyof typeof LibcryptoKem): Responder {
  const { number, keyOctets, ciphertextOctets } = LibcryptoKem[name];
  const { addon, octets } = calls;
  return {
    id,
    respond(peerPublic) {
      if (peerPublic.length !== keyOctets)
        throw new KeyExchangeError(
          `${name} encapsulation key has ${peerPublic.length} octets, not ${keyOctets}`,
        );
      octets.set(peerPublic);
      const status = addon.encapsulate(number);
      if (status === LibcryptoStatus.REFUSED)
        throw new KeyExchangeError(`${name} encapsulation key is invalid`);
      demandDone(status);
      return {
        publicValue: octets.slice(0, ciphertextOctets),
        secret: takeSecret(octets, ciphertextOctets, ciphertextOctets + SECRET_OCTETS),
      };
    },
  };
}

/** Encapsulation of ML-KEM (FIPS 203); an initiator's key and its decapsulation are no quicker here than elsewhere. */
export function libcryptoEncapsulations(calls: Calls): readonly Responder[] {
  return [
    encapsulation(calls, KeMethod.ML_KEM_512, 'ML_KEM_512'),
    encapsulation(calls, KeMethod.ML_KEM_768, 'ML_KEM_768'),
    encapsulation(calls, KeMethod.ML_KEM_1024, 'ML_KEM_1024'),
  ];
}
