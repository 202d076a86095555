import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import type { CipherAlgorithm } from '../../daemon/contracts/crypto.ts';
import { EncryptionId } from '../../daemon/proto/iana/transforms.ts';
import { plain } from './plain.ts';

const BLOCK_OCTETS = 16;

function aesCbc(keyBits: number): CipherAlgorithm {
  const name = `aes-${keyBits}-cbc`;
  return {
    id: EncryptionId.AES_CBC,
    keyBits,
    blockOctets: BLOCK_OCTETS,
    ivOctets: BLOCK_OCTETS,
    create(key) {
      if (key.length * 8 !== keyBits)
        throw new TypeError(`${name} key of ${key.length} octets, not ${keyBits / 8}`);
      const secret = createSecretKey(key);
      return {
        encrypt(iv, data) {
          checkBlocks(data);
          const cipher = createCipheriv(name, secret, iv).setAutoPadding(false);
          const text = cipher.update(data);
          cipher.final();
          return plain(text);
        },
        decrypt(iv, data) {
          checkBlocks(data);
          const decipher = createDecipheriv(name, secret, iv).setAutoPadding(false);
          const text = decipher.update(data);
          decipher.final();
          return plain(text);
        },
        [Symbol.dispose]() {},
      };
    },
  };
}

function checkBlocks(data: Uint8Array): void {
  if (data.length % BLOCK_OCTETS !== 0)
    throw new TypeError(`${data.length} octets are not whole blocks of ${BLOCK_OCTETS}`);
}

/** AES in CBC mode without padding, RFC 3602. */
export const nodeCiphers: readonly CipherAlgorithm[] = [aesCbc(128), aesCbc(192), aesCbc(256)];
