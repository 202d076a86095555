import { cbc } from '@noble/ciphers/aes.js';
import type { CipherAlgorithm } from '../../daemon/contracts/crypto.ts';
import { EncryptionId } from '../../daemon/proto/iana/transforms.ts';

const BLOCK_OCTETS = 16;

function aesCbc(keyBits: number): CipherAlgorithm {
  return {
    id: EncryptionId.AES_CBC,
    keyBits,
    blockOctets: BLOCK_OCTETS,
    ivOctets: BLOCK_OCTETS,
    create(key) {
      if (key.length * 8 !== keyBits)
        throw new TypeError(`key of ${key.length} octets, not ${keyBits / 8}`);
      const own = key.slice();
      return {
        encrypt(iv, data) {
          checkBlocks(data);
          return cbc(own, iv, { disablePadding: true }).encrypt(data);
        },
        decrypt(iv, data) {
          checkBlocks(data);
          return cbc(own, iv, { disablePadding: true }).decrypt(data);
        },
        [Symbol.dispose]() {
          own.fill(0);
        },
      };
    },
  };
}

function checkBlocks(data: Uint8Array): void {
  if (data.length % BLOCK_OCTETS !== 0)
    throw new TypeError(`${data.length} octets are not whole blocks of ${BLOCK_OCTETS}`);
}

/** AES in CBC mode without padding, RFC 3602. */
export const nobleCiphers: readonly CipherAlgorithm[] = [aesCbc(128), aesCbc(192), aesCbc(256)];
