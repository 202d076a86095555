import { describe, expect, test } from 'vitest';
import {
  type AeadAlgorithm,
  type CipherAlgorithm,
  type KeyExchangeAlgorithm,
  KeyExchangeError,
  type MacAlgorithm,
  type PrfAlgorithm,
} from '../../../daemon/contracts/crypto.ts';
import type { CryptoProvider } from '../../../daemon/contracts/plugin.ts';
import {
  testAead,
  testCipher,
  testHash,
  testKeyExchange,
  testMac,
  testPrf,
} from '../../../daemon/crypto/self-test.ts';
import { KeMethod } from '../../../daemon/proto/iana/transforms.ts';
import { concatBytes } from '../../../daemon/util/bytes.ts';
import { hex, octetsOf } from '../hex.ts';

/** Octets that look random and are the same in every run. */
export function octets(seed: number, length: number): Uint8Array {
  let state = (seed * 2654435761 + 1) >>> 0;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

const LENGTHS = [0, 1, 15, 16, 17, 63, 64, 65, 127, 128, 300, 4095, 4096, 5000, 65_000];

/** The tests that every provider of cryptography passes. */
export function cryptoCompliance(provider: CryptoProvider): void {
  describe(`${provider.name}: what every crypto provider promises`, () => {
    test('has every algorithm once', () => {
      const keys = [
        ...[...provider.aeads, ...provider.ciphers].map((a) => `encr ${a.id} ${a.keyBits}`),
        ...provider.macs.map(({ id }) => `integ ${id}`),
        ...provider.prfs.map(({ id }) => `prf ${id}`),
        ...provider.keyExchanges.map(({ id }) => `ke ${id}`),
      ];
      expect(new Set(keys).size).toBe(keys.length);
      const optional = [...KEMS, ...BRAINPOOL];
      const more = provider.keyExchanges.filter(({ id }) => optional.includes(id));
      expect(keys.length - more.length).toBe(10 + 3 + 4 + 4 + 8);
    });

    describe.each(provider.aeads)('AEAD $id with $keyBits bits', aeadCompliance);
    describe.each(provider.ciphers)('cipher $id with $keyBits bits', cipherCompliance);
    describe.each(provider.macs)('integrity $id', macCompliance);
    describe.each(provider.prfs)('PRF $id', prfCompliance);
    describe.each(provider.keyExchanges)('key exchange $id', keyExchangeCompliance);

    test.each(['sha1', 'sha256', 'sha384', 'sha512'] as const)('%s of chunks', (name) => {
      const hash = provider.hashes[name];
      if (hash === undefined) throw new Error('missing');
      expect(testHash(name, hash)).toBeUndefined();
      const text = octets(1, 1000);
      expect(hash(text.subarray(0, 10), text.subarray(10))).toEqual(hash(text));
      expect(hash()).toEqual(hash(new Uint8Array(0)));
    });
  });
}

function aeadCompliance(aead: AeadAlgorithm): void {
  const key = octets(1, aead.keyBits / 8);
  const nonce = octets(2, 12);

  test('passes the self test', () => expect(testAead(aead)).toBeUndefined());

  test.each(LENGTHS)('opens what it sealed, %i octets', (length) => {
    using context = aead.create(key);
    const text = octets(3, length);
    const sealed = context.seal(nonce, octets(4, 32), text);
    expect(sealed).toHaveLength(length + aead.icvOctets);
    expect(context.open(nonce, octets(4, 32), sealed)).toEqual(text);
  });

  test('refuses every flipped bit of text, ICV, nonce and associated data', () => {
    using context = aead.create(key);
    const aad = octets(4, 9);
    const sealed = context.seal(nonce, aad, octets(3, 20));
    for (let bit = 0; bit < sealed.length * 8; bit++)
      expect(context.open(nonce, aad, flipped(sealed, bit))).toBeUndefined();
    for (let bit = 0; bit < nonce.length * 8; bit++)
      expect(context.open(flipped(nonce, bit), aad, sealed)).toBeUndefined();
    for (let bit = 0; bit < aad.length * 8; bit++)
      expect(context.open(nonce, flipped(aad, bit), sealed)).toBeUndefined();
  });

  test('refuses what is shorter than an ICV, and truncated ICVs', () => {
    using context = aead.create(key);
    const aad = octets(4, 9);
    const sealed = context.seal(nonce, aad, octets(3, 20));
    for (let length = 0; length < sealed.length; length++)
      expect(context.open(nonce, aad, sealed.subarray(0, length))).toBeUndefined();
  });

  test('copies the key, and refuses keys and nonces of other lengths', () => {
    const own = key.slice();
    using context = aead.create(own);
    own.fill(0);
    using other = aead.create(key);
    expect(context.seal(nonce, nonce, nonce)).toEqual(other.seal(nonce, nonce, nonce));
    expect(() => aead.create(octets(1, aead.keyBits / 8 + 4))).toThrow(TypeError);
    expect(() => aead.create(octets(1, aead.keyBits / 8 - 1))).toThrow(TypeError);
    expect(() => context.seal(octets(1, 8), nonce, nonce)).toThrow(TypeError);
    expect(() => context.open(octets(1, 16), nonce, nonce)).toThrow(TypeError);
  });
}

function cipherCompliance(cipher: CipherAlgorithm): void {
  const key = octets(1, cipher.keyBits / 8);
  const iv = octets(2, cipher.ivOctets);

  test('passes the self test', () => expect(testCipher(cipher)).toBeUndefined());

  test.each([16, 32, 304, 4096, 65_008])('decrypts what it encrypted, %i octets', (length) => {
    using context = cipher.create(key);
    const text = octets(3, length);
    const encrypted = context.encrypt(iv, text);
    expect(encrypted).toHaveLength(length);
    expect(encrypted).not.toEqual(text);
    expect(context.decrypt(iv, encrypted)).toEqual(text);
  });

  test('adds no padding and refuses what is no whole number of blocks', () => {
    using context = cipher.create(key);
    expect(() => context.encrypt(iv, octets(3, 15))).toThrow(TypeError);
    expect(() => context.decrypt(iv, octets(3, 17))).toThrow(TypeError);
    expect(() => cipher.create(octets(1, 15))).toThrow(TypeError);
  });

  test('copies the key', () => {
    const own = key.slice();
    using context = cipher.create(own);
    own.fill(0);
    using other = cipher.create(key);
    expect(context.encrypt(iv, octets(3, 32))).toEqual(other.encrypt(iv, octets(3, 32)));
  });
}

function macCompliance(mac: MacAlgorithm): void {
  test('passes the self test', () => expect(testMac(mac)).toBeUndefined());

  test.each(LENGTHS)('does not care how %i octets are cut', (length) => {
    using context = mac.create(octets(1, mac.keyOctets));
    const text = octets(2, length);
    const whole = context.sign(text);
    expect(whole).toHaveLength(mac.icvOctets);
    const middle = length >> 1;
    expect(
      context.sign(text.subarray(0, middle), new Uint8Array(0), text.subarray(middle)),
    ).toEqual(whole);
  });

  test('copies the key, depends on it, and refuses other lengths', () => {
    const key = octets(1, mac.keyOctets);
    using context = mac.create(key);
    const before = context.sign(key);
    const copy = key.slice();
    key.fill(0);
    expect(context.sign(copy)).toEqual(before);
    using other = mac.create(key);
    expect(other.sign(copy)).not.toEqual(before);
    expect(() => mac.create(octets(1, mac.keyOctets - 1))).toThrow(TypeError);
  });
}

function prfCompliance(prf: PrfAlgorithm): void {
  test('passes the self test', () => expect(testPrf(prf)).toBeUndefined());

  test('takes keys of any length, longer than a block too', () => {
    const outputs = [0, 1, 20, 63, 64, 65, 127, 128, 129, 500].map((length) =>
      hex(prf.compute(octets(1, length), octets(2, 10))),
    );
    expect(new Set(outputs).size).toBe(outputs.length);
    for (const output of outputs) expect(output).toHaveLength(prf.outputOctets * 2);
  });

  test('does not care how the input is cut', () => {
    const key = octets(1, prf.keyOctets);
    const text = octets(2, 9000);
    expect(prf.compute(key, text.subarray(0, 7), text.subarray(7))).toEqual(prf.compute(key, text));
  });

  test('leaves key and seed as they were', () => {
    const key = octets(1, prf.keyOctets);
    const seed = octets(2, 80);
    prf.expand(key, seed, 200);
    prf.compute(key, seed);
    expect(key).toEqual(octets(1, prf.keyOctets));
    expect(seed).toEqual(octets(2, 80));
  });

  test('prf+ of one length starts that of every longer one, up to 255 blocks', () => {
    const key = octets(1, prf.keyOctets);
    const seed = octets(2, 80);
    const longest = prf.expand(key, seed, 255 * prf.outputOctets);
    expect(longest).toHaveLength(255 * prf.outputOctets);
    for (const length of [0, 1, prf.outputOctets, 3 * prf.outputOctets + 1, 1000])
      expect(prf.expand(key, seed, length)).toEqual(longest.subarray(0, length));
    const last = longest.subarray(-prf.outputOctets);
    const before = longest.subarray(-2 * prf.outputOctets, -prf.outputOctets);
    expect(prf.compute(key, concatBytes(before, seed, Uint8Array.of(255)))).toEqual(last);
    expect(() => prf.expand(key, seed, 255 * prf.outputOctets + 1)).toThrow(RangeError);
  });
}

/** Key encapsulation: the two public values differ in form, and any ciphertext opens to something. */
const KEMS: readonly number[] = [KeMethod.ML_KEM_512, KeMethod.ML_KEM_768, KeMethod.ML_KEM_1024];
/** Builds of OpenSSL may lack the curves, and the addon has few. */
const BRAINPOOL: readonly number[] = [
  KeMethod.ECP_256_BP,
  KeMethod.ECP_384_BP,
  KeMethod.ECP_512_BP,
];
const ECP: readonly number[] = [KeMethod.ECP_256, KeMethod.ECP_384, KeMethod.ECP_521, ...BRAINPOOL];
const MODP: readonly number[] = [KeMethod.MODP_2048, KeMethod.MODP_3072, KeMethod.MODP_4096];

function keyExchangeCompliance(method: KeyExchangeAlgorithm): void {
  test('passes the self test', () => expect(testKeyExchange(method)).toBeUndefined());

  test('makes a new key each time', () => {
    using a = method.initiate();
    using b = method.initiate();
    expect(a.publicValue).not.toEqual(b.publicValue);
    expect(method.respond(a.publicValue).publicValue).not.toEqual(
      method.respond(a.publicValue).publicValue,
    );
  });

  test('an exchange goes on elsewhere with what was saved of it', () => {
    using own = method.initiate();
    const saved = own.save?.() ?? new Uint8Array(0);
    if (saved.length === 0) {
      // OpenSSL takes a private key of a MODP group back only after seconds of checking its prime.
      expect(MODP).toContain(method.id);
      expect(method.restore?.(saved)).toBeUndefined();
      return;
    }
    const peer = method.respond(own.publicValue);
    using restored = method.restore?.(saved);
    saved.fill(0);
    expect(restored?.publicValue).toEqual(own.publicValue);
    expect(restored?.secret(peer.publicValue)).toEqual(peer.secret);
  });

  test('SEC-06: refuses values of another length', () => {
    using own = method.initiate();
    const good = own.publicValue;
    for (const bad of [
      new Uint8Array(0),
      good.subarray(1),
      good.subarray(0, -1),
      concatBytes(good, Uint8Array.of(0)),
      concatBytes(Uint8Array.of(0), good),
    ])
      refuses(method, bad);
  });

  if (KEMS.includes(method.id)) {
    test('SEC-06: refuses an encapsulation key whose coefficients are not reduced', () => {
      const key = method.initiate().publicValue.slice();
      key.fill(0xff, 0, 3);
      expect(() => method.respond(key)).toThrow(KeyExchangeError);
    });

    test('SEC-06: a changed ciphertext yields another secret, and the same each time', () => {
      using own = method.initiate();
      const { publicValue, secret } = method.respond(own.publicValue);
      const other = own.secret(flipped(publicValue, 77));
      expect(other).toHaveLength(32);
      expect(other).not.toEqual(secret);
      expect(own.secret(flipped(publicValue, 77))).toEqual(other);
    });
  } else {
    test('SEC-06: refuses zero', () => refuses(method, new Uint8Array(method.initiatorOctets)));
  }

  test('cannot be used once disposed', () => {
    const own = method.initiate();
    const { publicValue } = method.respond(own.publicValue);
    own[Symbol.dispose]();
    expect(() => own.secret(publicValue)).toThrow(TypeError);
  });

  if (ECP.includes(method.id))
    test('SEC-06: refuses points off the curve and coordinates out of range', () => {
      const { publicValue } = method.initiate();
      for (const bit of [0, 7, publicValue.length * 4 + 1, publicValue.length * 8 - 1])
        refuses(method, flipped(publicValue, bit));
      refuses(method, new Uint8Array(publicValue.length).fill(0xff));
      const swapped = concatBytes(
        publicValue.subarray(publicValue.length / 2),
        publicValue.subarray(0, publicValue.length / 2),
      );
      refuses(method, swapped);
    });

  if (MODP.includes(method.id))
    test('SEC-06: refuses 1, p-1, p, p+1 and the largest number', () => {
      const prime = modpPrime(method.initiatorOctets * 8);
      const of = (value: bigint): Uint8Array =>
        Uint8Array.from(
          value
            .toString(16)
            .padStart(method.initiatorOctets * 2, '0')
            .match(/../g) ?? [],
          (digits) => Number.parseInt(digits, 16),
        );
      for (const bad of [1n, prime - 1n, prime, prime + 1n]) refuses(method, of(bad));
      refuses(method, new Uint8Array(method.initiatorOctets).fill(0xff));
      expect(method.respond(of(2n)).secret).toHaveLength(method.initiatorOctets);
      expect(method.respond(of(prime - 2n)).secret).toHaveLength(method.initiatorOctets);
    });

  if (method.id === KeMethod.CURVE_25519)
    test.each(LOW_ORDER_25519)('SEC-06: refuses the low-order point %s', (point) =>
      refuses(method, octetsOf(point)),
    );

  if (method.id === KeMethod.CURVE_448)
    test.each(LOW_ORDER_448)('SEC-06: refuses the low-order point %s', (point) =>
      refuses(method, octetsOf(point)),
    );
}

/** Tests that two providers compute the same: one side of each exchange by each, both ways. */
export function crossCompliance(one: CryptoProvider, other: CryptoProvider): void {
  describe(`${one.name} against ${other.name}`, () => {
    const pair = <T>(list: readonly T[], all: readonly T[], same: (a: T, b: T) => boolean) =>
      list.map((a): [T, T] => {
        const b = all.find((candidate) => same(a, candidate));
        if (b === undefined) throw new Error('an algorithm is missing on one side');
        return [a, b];
      });

    test('AEADs', () => {
      for (const [a, b] of pair(
        one.aeads,
        other.aeads,
        (x, y) => x.id === y.id && x.keyBits === y.keyBits,
      )) {
        using left = a.create(octets(1, a.keyBits / 8));
        using right = b.create(octets(1, a.keyBits / 8));
        for (const length of LENGTHS) {
          const [nonce, aad, text] = [octets(2, 12), octets(3, length >> 2), octets(4, length)];
          const sealed = left.seal(nonce, aad, text);
          expect(hex(right.seal(nonce, aad, text))).toBe(hex(sealed));
          expect(right.open(nonce, aad, sealed)).toEqual(text);
        }
      }
    });

    test('ciphers', () => {
      for (const [a, b] of pair(one.ciphers, other.ciphers, (x, y) => x.keyBits === y.keyBits)) {
        using left = a.create(octets(1, a.keyBits / 8));
        using right = b.create(octets(1, a.keyBits / 8));
        const encrypted = left.encrypt(octets(2, 16), octets(3, 1600));
        expect(hex(right.encrypt(octets(2, 16), octets(3, 1600)))).toBe(hex(encrypted));
        expect(right.decrypt(octets(2, 16), encrypted)).toEqual(octets(3, 1600));
      }
    });

    test('MACs, PRFs and hashes', () => {
      for (const [a, b] of pair(one.macs, other.macs, (x, y) => x.id === y.id)) {
        using left = a.create(octets(1, a.keyOctets));
        using right = b.create(octets(1, a.keyOctets));
        for (const length of LENGTHS)
          expect(hex(left.sign(octets(2, length)))).toBe(hex(right.sign(octets(2, length))));
      }
      for (const [a, b] of pair(one.prfs, other.prfs, (x, y) => x.id === y.id))
        for (const length of LENGTHS) {
          const [key, seed] = [octets(1, length), octets(2, 100)];
          expect(hex(a.compute(key, seed))).toBe(hex(b.compute(key, seed)));
          expect(hex(a.expand(key, seed, 700))).toBe(hex(b.expand(key, seed, 700)));
        }
      for (const name of ['sha1', 'sha256', 'sha384', 'sha512'] as const)
        for (const length of LENGTHS)
          expect(one.hashes[name]?.(octets(1, length))).toEqual(
            other.hashes[name]?.(octets(1, length)),
          );
    });

    // crypto-noble has no key encapsulation.
    const shared = one.keyExchanges.map(({ id }) => id).filter((id) => !KEMS.includes(id));
    test.each(shared)('key exchange %i, both roles', (id) => {
      const a = one.keyExchanges.find((method) => method.id === id);
      const b = other.keyExchanges.find((method) => method.id === id);
      if (a === undefined || b === undefined) throw new Error('missing on one side');
      for (const [initiator, responder] of [
        [a, b],
        [b, a],
      ] as const) {
        using exchange = initiator.initiate();
        const { publicValue, secret } = responder.respond(exchange.publicValue);
        expect(hex(exchange.secret(publicValue))).toBe(hex(secret));
      }
    });
  });
}

function refuses(method: KeyExchangeAlgorithm, peerPublic: Uint8Array): void {
  expect(() => method.respond(peerPublic)).toThrow(KeyExchangeError);
  using own = method.initiate();
  expect(() => own.secret(peerPublic)).toThrow(KeyExchangeError);
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

/**
 * The primes by their definition in RFC 3526: 2^n - 2^(n-64) - 1 + 2^64 * (floor(2^(n-130) * pi) + c), with pi
 * computed here (Machin's formula), so that a wrong digit in a table is found.
 */
export function modpPrime(bits: number): bigint {
  const offset = { 2048: 124_476n, 3072: 1_690_314n, 4096: 240_904n }[bits];
  if (offset === undefined) throw new Error(`no group of ${bits} bits`);
  const n = BigInt(bits);
  const guard = 64n;
  const one = 1n << (n - 130n + guard);
  const arctanInverse = (x: bigint): bigint => {
    let term = one / x;
    let sum = term;
    for (let k = 3n, sign = -1n; term !== 0n; k += 2n, sign = -sign) {
      term /= x * x;
      sum += (sign * term) / k;
    }
    return sum;
  };
  const pi = (16n * arctanInverse(5n) - 4n * arctanInverse(239n)) >> guard;
  return 2n ** n - 2n ** (n - 64n) - 1n + 2n ** 64n * (pi + offset);
}

// Points whose multiples are the neutral element, also in non-canonical form (RFC 7748 section 6, RFC 7746).
const LOW_ORDER_25519 = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];
const LOW_ORDER_448 = [
  `01${'00'.repeat(55)}`,
  `fe${'ff'.repeat(27)}fe${'ff'.repeat(27)}`,
  `ff${'ff'.repeat(27)}fe${'ff'.repeat(27)}`,
  `${'00'.repeat(28)}${'ff'.repeat(28)}`,
];
