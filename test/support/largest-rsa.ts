import { createPrivateKey, createPublicKey, getDiffieHellman, type KeyObject } from 'node:crypto';

/**
 * A key pair of RSA with 16384 bits, the largest that is taken; a test key, of no use for anything else: its primes of 8192 bits are
 * published ones, that of group 18 (RFC 3526 section 7) and that of ffdhe8192 (RFC 7919 appendix A.5). Generating one takes minutes.
 */
export function largestRsa(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  const p = BigInt(`0x${getDiffieHellman('modp18').getPrime('hex')}`);
  const q = ffdhe8192();
  const e = 65537n;
  const d = inverse(e, (p - 1n) * (q - 1n));
  const privateKey = createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'RSA',
      n: base64url(p * q),
      e: base64url(e),
      d: base64url(d),
      p: base64url(p),
      q: base64url(q),
      dp: base64url(d % (p - 1n)),
      dq: base64url(d % (q - 1n)),
      qi: base64url(inverse(q, p)),
    },
  });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** p = 2^8192 - 2^8128 + (floor(2^8062 * e) + 10965728) * 2^64 - 1, where e is that of the natural logarithm. */
function ffdhe8192(): bigint {
  return 2n ** 8192n - 2n ** 8128n + ((eulersNumber(8062n) + 10_965_728n) << 64n) - 1n;
}

/** floor(2^bits * e), as the sum of 1/k! with 64 bits more for what divisions cut off. */
function eulersNumber(bits: bigint): bigint {
  let sum = 0n;
  let term = 1n << (bits + 64n);
  for (let k = 1n; term > 0n; k++) {
    sum += term;
    term /= k;
  }
  return sum >> 64n;
}

/** x with (number * x) % modulus = 1: Euclid's algorithm. */
function inverse(number: bigint, modulus: bigint): bigint {
  let [rest, next] = [modulus, number % modulus];
  let [x, y] = [0n, 1n];
  while (next > 0n) {
    const times = rest / next;
    [rest, next] = [next, rest - times * next];
    [x, y] = [y, x - times * y];
  }
  if (rest !== 1n) throw new TypeError('the numbers have a common factor');
  return x < 0n ? x + modulus : x;
}

function base64url(number: bigint): string {
  const digits = number.toString(16);
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex').toString(
    'base64url',
  );
}
