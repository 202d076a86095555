import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { x448 } from '@noble/curves/ed448.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { describe, expect, test } from 'vitest';
import { KeyExchangeError } from '../../../daemon/contracts/crypto.ts';
import { diffieHellmanMethod, type PrivateHalf } from '../../../daemon/contracts/diffie-hellman.ts';
import { KeMethod } from '../../../daemon/proto/iana/transforms.ts';
import { equalBytes } from '../../../daemon/util/bytes.ts';
import { loadLibcrypto } from '../../../native/libcrypto.ts';
import { libcryptoProvider } from '../../../plugins/crypto-libcrypto/provider.ts';
import * as noble from '../../../plugins/crypto-noble/curves.ts';
import { brainpoolKey } from '../../../plugins/crypto-node/brainpool.ts';
import * as node from '../../../plugins/crypto-node/ecp.ts';
import { montgomeryHalf as nodeMontgomeryHalf } from '../../../plugins/crypto-node/montgomery.ts';
import { hasSharedData } from '../../support/shared-data.ts';
import {
  count,
  emptyTally,
  type WycheproofCase,
  type WycheproofTally,
  wycheproofCases,
} from '../../support/wycheproof.ts';

// No random key meets the point with x = 0, and a secret of zeros is refused whatever the method.
const ZERO_X = 'refused: valid, but the shared secret is zero (case 3)';
// RFC 5903 has no compressed points: the length tells, and they are refused.
const COMPRESSED = 'refused: compressed point (case 2)';

const libcrypto = libcryptoProvider(loadLibcrypto());

type HalfOf = (privateKey: Uint8Array) => PrivateHalf;

const LOW_ORDER = 'refused: low order, the shared secret would be zero (RFC 7748 section 6)';
const LOW_ORDER_QUIET = 'accepted: low order, but the secret is not zero';
const TWIST = 'accepted: point of the twist, which RFC 7748 allows';
const NON_CANONICAL = 'accepted: coordinate not reduced, which RFC 7748 section 5 requires to take';

// Plain JavaScript needs seconds for the large curves.
const options = { timeout: 120_000 };

describe.skipIf(!hasSharedData('wycheproof'))('Wycheproof ECDH', options, () => {
  describe.each([
    [
      'crypto-libcrypto',
      {
        p256: restored(KeMethod.ECP_256),
        p384: restored(KeMethod.ECP_384),
        p521: restored(KeMethod.ECP_521),
      },
    ],
    ['crypto-node', { p256: nodeP256, p384: nodeLarge('P-384'), p521: nodeLarge('P-521') }],
    [
      'crypto-noble',
      {
        p256: (key: Uint8Array) => noble.nistHalf(p256, key),
        p384: (key: Uint8Array) => noble.nistHalf(p384, key),
        p521: (key: Uint8Array) => noble.nistHalf(p521, key),
      },
    ],
  ])('through %s', (_, halves) => {
    test.each([
      ['ecdh_secp256r1_ecpoint_test.json', KeMethod.ECP_256, 32, halves.p256],
      ['ecdh_secp384r1_ecpoint_test.json', KeMethod.ECP_384, 48, halves.p384],
      ['ecdh_secp521r1_ecpoint_test.json', KeMethod.ECP_521, 66, halves.p521],
    ])('%s', (file, id, octets, halfOf) => {
      const cases = wycheproofCases(file);
      const tally = runEcdh(cases, id, octets, halfOf);
      expect(tally.failed).toEqual([]);
      expect(tally.acceptable).toEqual({ [COMPRESSED]: 1, [ZERO_X]: 1 });
      expect(tally.passed + 2).toBe(cases.length);
    });
  });

  test.each([
    ['brainpoolP256r1', KeMethod.ECP_256_BP, 32],
    ['brainpoolP384r1', KeMethod.ECP_384_BP, 48],
    ['brainpoolP512r1', KeMethod.ECP_512_BP, 64],
  ])('ecdh_%s_test.json through crypto-node', (curve, id, octets) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
    const spki = publicKey.export({ format: 'der', type: 'spki' });
    const header = spki.subarray(0, spki.length - 2 * octets);
    // What is wrong about the file's SubjectPublicKeyInfos cannot come over the wire, where there are only coordinates.
    const cases = wycheproofCases(`ecdh_${curve}_test.json`).flatMap((item) => {
      const given = item.octets('public');
      if (given.length !== spki.length || !header.equals(given.subarray(0, header.length)))
        return [];
      const point = given.subarray(header.length - 1);
      return [
        { ...item, octets: (name: string) => (name === 'public' ? point : item.octets(name)) },
      ];
    });
    const tally = runEcdh(cases, id, octets, (key) => node.ecdhHalf(brainpoolKey(curve, key)));
    expect(tally.failed).toEqual([]);
    expect(cases.length).toBeGreaterThan(500);
    expect(cases.filter(({ result }) => result === 'invalid').length).toBeGreaterThan(5);
  });

  describe.each([
    [
      'crypto-libcrypto',
      { x25519: restored(KeMethod.CURVE_25519), x448: restored(KeMethod.CURVE_448) },
    ],
    ['crypto-node', nodeMontgomery],
    [
      'crypto-noble',
      {
        x25519: (key: Uint8Array) => noble.montgomeryHalf(x25519, key),
        x448: (key: Uint8Array) => noble.montgomeryHalf(x448, key),
      },
    ],
  ])('through %s', (_, halves) => {
    test('x25519_test.json', () => {
      const tally = runXdh('x25519_test.json', KeMethod.CURVE_25519, 32, halves.x25519);
      expect(tally).toEqual({
        passed: 264,
        outside: {},
        acceptable: { [TWIST]: 210, [NON_CANONICAL]: 13, [LOW_ORDER]: 31 },
        failed: [],
      });
    });

    test('x448_test.json', () => {
      const tally = runXdh('x448_test.json', KeMethod.CURVE_448, 56, halves.x448);
      expect(tally).toEqual({
        passed: 265,
        outside: {},
        acceptable: { [TWIST]: 227, [NON_CANONICAL]: 4, [LOW_ORDER]: 11, [LOW_ORDER_QUIET]: 3 },
        failed: [],
      });
    });
  });
});

function runEcdh(
  cases: readonly WycheproofCase[],
  id: number,
  octets: number,
  halfOf: HalfOf,
): WycheproofTally {
  const tally = emptyTally();
  for (const item of cases) {
    // Private keys of the file are integers: of any length, a leading zero included.
    const key = item.octets('private');
    const scalar = new Uint8Array(octets);
    scalar.set(key.subarray(Math.max(0, key.length - octets)), Math.max(0, octets - key.length));
    const point = item.octets('public');
    // On the wire the octet that says "uncompressed" is missing; any other form does not fit.
    const onWire = point[0] === 4 ? point.subarray(1) : point;
    const method = diffieHellmanMethod(id, 'ECP', octets * 2, () => secretHalf(halfOf(scalar)));
    const secret = secretOf(() => method.respond(onWire).secret);
    if (item.id === 2 && item.result === 'acceptable' && secret === undefined) {
      count(tally.acceptable, COMPRESSED);
      continue;
    }
    if (item.id === 3 && item.octets('shared').every((octet) => octet === 0)) {
      if (secret === undefined) count(tally.acceptable, ZERO_X);
      else tally.failed.push(item.id);
      continue;
    }
    const good =
      item.result === 'valid'
        ? secret !== undefined && equalBytes(secret, item.octets('shared'))
        : secret === undefined;
    if (good) tally.passed++;
    else tally.failed.push(item.id);
  }
  return tally;
}

function runXdh(file: string, id: number, octets: number, halfOf: HalfOf): WycheproofTally {
  const tally = emptyTally();
  for (const item of wycheproofCases(file)) {
    const method = diffieHellmanMethod(id, 'XDH', octets, () =>
      secretHalf(halfOf(item.octets('private'))),
    );
    const secret = secretOf(() => method.respond(item.octets('public')).secret);
    const right = secret !== undefined && equalBytes(secret, item.octets('shared'));
    if (item.flags.includes('ZeroSharedSecret')) {
      if (secret !== undefined) tally.failed.push(item.id);
      else count(tally.acceptable, LOW_ORDER);
    } else if (item.result === 'acceptable') {
      if (!right) tally.failed.push(item.id);
      else count(tally.acceptable, reasonOf(item.flags));
    } else if (right === (item.result === 'valid')) tally.passed++;
    else tally.failed.push(item.id);
  }
  return tally;
}

// Our own public value is not asked for: computing it would double the time.
function secretHalf(half: PrivateHalf): PrivateHalf {
  return { publicValue: new Uint8Array(0), derive: (peerPublic) => half.derive(peerPublic) };
}

function reasonOf(flags: readonly string[]): string {
  if (flags.includes('LowOrderPublic')) return LOW_ORDER_QUIET;
  if (flags.includes('NonCanonicalPublic')) return NON_CANONICAL;
  if (flags.includes('Twist')) return TWIST;
  throw new Error(`acceptable without a reason: ${flags.join(' ')}`);
}

function secretOf(derive: () => Uint8Array): Uint8Array | undefined {
  try {
    return derive();
  } catch (error) {
    if (error instanceof KeyExchangeError) return undefined;
    throw error;
  }
}

function restored(id: number): HalfOf {
  return (privateKey) => {
    const method = libcrypto.keyExchanges.find((one) => one.id === id);
    const own = method?.restore?.(privateKey);
    if (own === undefined) throw new Error('private key refused');
    return { publicValue: own.publicValue, derive: (peerPublic) => own.secret(peerPublic) };
  };
}

function nodeP256(scalar: Uint8Array): PrivateHalf {
  const keys = createECDH('prime256v1');
  keys.setPrivateKey(scalar);
  return node.ecdhHalf(keys);
}

function nodeLarge(curve: 'P-384' | 'P-521'): HalfOf {
  return (scalar) => {
    const keys = createECDH(curve === 'P-384' ? 'secp384r1' : 'secp521r1');
    keys.setPrivateKey(scalar);
    const point = keys.getPublicKey();
    const privateKey = createPrivateKey({
      key: {
        kty: 'EC',
        crv: curve,
        x: point.subarray(1, 1 + scalar.length).toString('base64url'),
        y: point.subarray(1 + scalar.length).toString('base64url'),
        d: Buffer.from(scalar).toString('base64url'),
      },
      format: 'jwk',
    });
    return node.jwkHalf(curve, pairOf(privateKey));
  };
}

// PKCS #8 headers of RFC 8410 in front of the private key.
const nodeMontgomery = {
  x25519: (key: Uint8Array) =>
    nodeMontgomeryHalf('X25519', pkcs8('302e020100300506032b656e04220420', key)),
  x448: (key: Uint8Array) =>
    nodeMontgomeryHalf('X448', pkcs8('3046020100300506032b656f043a0438', key)),
};

function pkcs8(header: string, key: Uint8Array): ReturnType<typeof pairOf> {
  const der = Buffer.concat([Buffer.from(header, 'hex'), key]);
  return pairOf(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
}

function pairOf(privateKey: KeyObject): {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
} {
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
