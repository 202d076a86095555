import type {
  AeadAlgorithm,
  CipherAlgorithm,
  HashName,
  KeyExchangeAlgorithm,
  MacAlgorithm,
  PrfAlgorithm,
} from '../contracts/crypto.ts';
import type { HashFunction } from '../contracts/plugin.ts';
import { concatBytes, equalBytes } from '../util/bytes.ts';
import { fromHex, toHex } from '../util/hex.ts';
import {
  AEAD_ANSWERS,
  CIPHER_ANSWERS,
  HASH_ANSWERS,
  MAC_ANSWERS,
  PRF_ANSWERS,
  TEST_AAD,
  TEST_HASH_TEXT,
  TEST_NONCE,
  TEST_TEXT,
  testKey,
} from './self-test-answers.ts';

// Every test returns `undefined` if passed, else what went wrong. An algorithm without a known answer fails:
// nothing that was never compared with another implementation may be proposed to a peer.

/** Known answer, way back, and refusal of one flipped bit. */
export function testAead(aead: AeadAlgorithm): string | undefined {
  const answer = AEAD_ANSWERS.get(`${aead.id}/${aead.keyBits}`);
  if (answer === undefined) return 'no known answer';
  const expected = fromHex(answer.slice(0, (TEST_TEXT.length + aead.icvOctets) * 2));
  using context = aead.create(testKey(aead.keyBits / 8));
  const sealed = context.seal(TEST_NONCE, TEST_AAD, TEST_TEXT);
  if (expected === undefined || !equalBytes(sealed, expected)) return 'wrong ciphertext or ICV';
  const opened = context.open(TEST_NONCE, TEST_AAD, sealed);
  if (opened === undefined || !equalBytes(opened, TEST_TEXT)) return 'wrong plaintext';
  sealed[sealed.length - 1] = (sealed[sealed.length - 1] ?? 0) ^ 1;
  if (context.open(TEST_NONCE, TEST_AAD, sealed) !== undefined) return 'forged ICV accepted';
  return undefined;
}

/** Known answer and way back. */
export function testCipher(cipher: CipherAlgorithm): string | undefined {
  const answer = CIPHER_ANSWERS.get(`${cipher.id}/${cipher.keyBits}`);
  if (answer === undefined) return 'no known answer';
  using context = cipher.create(testKey(cipher.keyBits / 8));
  const iv = TEST_AAD.slice(0, cipher.ivOctets);
  const encrypted = context.encrypt(iv, TEST_TEXT);
  if (toHex(encrypted) !== answer) return 'wrong ciphertext';
  return equalBytes(context.decrypt(iv, encrypted), TEST_TEXT) ? undefined : 'wrong plaintext';
}

/** Known answer, also when the input comes in pieces. */
export function testMac(mac: MacAlgorithm): string | undefined {
  const answer = MAC_ANSWERS.get(mac.id);
  if (answer === undefined) return 'no known answer';
  using context = mac.create(testKey(mac.keyOctets));
  const icv = toHex(context.sign(TEST_TEXT.subarray(0, 5), TEST_TEXT.subarray(5)));
  return icv === answer.slice(0, mac.icvOctets * 2) ? undefined : 'wrong ICV';
}

/** Known answer, and prf+ against its definition in RFC 7296 section 2.13. */
export function testPrf(prf: PrfAlgorithm): string | undefined {
  const answer = PRF_ANSWERS.get(prf.id);
  if (answer === undefined) return 'no known answer';
  const key = testKey(prf.keyOctets);
  if (toHex(prf.compute(key, TEST_TEXT)) !== answer) return 'wrong output';
  const first = prf.compute(key, TEST_TEXT, Uint8Array.of(1));
  const second = prf.compute(key, first, TEST_TEXT, Uint8Array.of(2));
  const length = prf.outputOctets + 3;
  const expected = concatBytes(first, second).subarray(0, length);
  return equalBytes(prf.expand(key, TEST_TEXT, length), expected) ? undefined : 'wrong prf+';
}

export function testHash(name: HashName, hash: HashFunction): string | undefined {
  return toHex(hash(TEST_HASH_TEXT)) === HASH_ANSWERS[name] ? undefined : 'wrong digest';
}

/** Both sides of one exchange agree on a secret that is not zero, with public values of the stated length. */
export function testKeyExchange(method: KeyExchangeAlgorithm): string | undefined {
  using initiator = method.initiate();
  if (initiator.publicValue.length !== method.initiatorOctets)
    return 'wrong length of public value';
  const { publicValue, secret } = method.respond(initiator.publicValue);
  if (publicValue.length !== method.responderOctets) return 'wrong length of public value';
  if (!equalBytes(initiator.secret(publicValue), secret)) return 'secrets differ';
  return secret.some((octet) => octet !== 0) ? undefined : 'secret is zero';
}
