import { createCipheriv, pbkdf2Sync } from 'node:crypto';
import { derElement } from '../../daemon/proto/der.ts';
import { octetsOf } from './hex.ts';

const SEQUENCE = 0x30;
const OCTET_STRING = 0x04;

/** An EncryptedPrivateKeyInfo by PBES2 with AES-256-GCM, which the openssl program does not make; it may claim other rounds than it used. */
export function sealGcm(der: Uint8Array, passphrase: string, claimed = 2048): Uint8Array {
  const salt = new Uint8Array(16).fill(5);
  const nonce = new Uint8Array(12).fill(6);
  const key = pbkdf2Sync(passphrase, salt, 2048, 32, 'sha256');
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  const sealed = Buffer.concat([cipher.update(der), cipher.final(), cipher.getAuthTag()]);
  const rounds = octetsOf(claimed.toString(16).padStart(8, '0'));
  const prf = derElement(SEQUENCE, octetsOf('06082a864886f70d0209'), octetsOf('0500'));
  const kdf = derElement(
    SEQUENCE,
    octetsOf('06092a864886f70d01050c'),
    derElement(SEQUENCE, derElement(OCTET_STRING, salt), derElement(2, rounds), prf),
  );
  const encryption = derElement(
    SEQUENCE,
    octetsOf('060960864801650304012e'),
    derElement(SEQUENCE, derElement(OCTET_STRING, nonce), octetsOf('020110')),
  );
  return derElement(
    SEQUENCE,
    derElement(SEQUENCE, octetsOf('06092a864886f70d01050d'), derElement(SEQUENCE, kdf, encryption)),
    derElement(OCTET_STRING, sealed),
  );
}
