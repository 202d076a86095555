import { type DerElement, DerTag, derElement, derElements } from '../../proto/der.ts';
import { ecCurve, ecCurveOfOid, type KnownCurve } from '../../proto/keys/ec-curves.ts';
import { RSA_BITS } from '../../proto/keys/spki.ts';
import { compareBytes, concatBytes } from '../../util/bytes.ts';
import { fromHex, toHex } from '../../util/hex.ts';
import { KeyError } from '../key-error.ts';
import { MOST_KEY_OCTETS } from '../limits.ts';
import { decodeBase64 } from './base64.ts';
import { readDerKey } from './der-key.ts';
import { isLegacyEncrypted, openLegacyPem } from './legacy-pem.ts';
import { oidName } from './names.ts';
import { openPbes2, WRONG_PASSPHRASE } from './pbes2.ts';
import { isPem, type PemBlock, pemBlocks } from './pem.ts';
import { isProduct } from './product.ts';

/** A private key in an encoding that the runtime imports. `der` is a copy that belongs to the caller, who wipes it. */
export interface PlainPrivateKey {
  readonly kind: 'rsa' | 'ecdsa' | 'ed25519' | 'ed448' | 'ml-dsa';
  readonly encoding: 'pkcs1' | 'pkcs8';
  readonly der: Uint8Array;
  /** The public key that came with it, as in subjectPublicKey: still to be compared. */
  readonly publicKey?: Uint8Array;
}

/**
 * The private key in these octets: PEM or DER of PKCS#1, SEC1 and PKCS#8, encrypted if there is a passphrase. Its form, size and curve
 * are checked; whether the numbers fit each other is not. Rejects with {@link KeyError}. Leaves no copy of the key behind but the result.
 */
export async function readPrivateKey(
  data: Uint8Array,
  passphrase: Uint8Array | undefined,
): Promise<PlainPrivateKey> {
  if (data.length === 0) throw new KeyError('found nothing, expected a private key');
  if (data.length > MOST_KEY_OCTETS)
    throw new KeyError(`found ${data.length} octets, expected at most ${MOST_KEY_OCTETS}`);
  if (!isPem(data)) return fromDer(data, passphrase);
  const block = keyBlock(data);
  const body = decodeBase64(block.body);
  if (body === undefined) throw new KeyError(`found PEM '${block.label}' that is not base64`);
  try {
    if (!isLegacyEncrypted(block.headers)) return await fromDer(body, passphrase);
    if (passphrase === undefined) throw new KeyError(NO_PASSPHRASE);
    return await decrypted(openLegacyPem(block.headers, body, passphrase));
  } finally {
    body.fill(0);
  }
}

const NO_PASSPHRASE =
  'found a key encrypted with a passphrase, expected a plain one or its passphrase';

const KEY_LABELS = ['PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY'];

const STRANGERS: ReadonlyMap<string, string> = new Map([
  ['OPENSSH PRIVATE KEY', 'a key in the format of OpenSSH (ssh-keygen -p -m PKCS8 converts it)'],
  ['DSA PRIVATE KEY', 'a DSA key'],
  ['PUBLIC KEY', 'a public key'],
  ['RSA PUBLIC KEY', 'a public key'],
  ['CERTIFICATE', 'a certificate'],
  ['CERTIFICATE REQUEST', 'a certificate request'],
  ['PKCS12', 'a PKCS#12 container'],
]);

function keyBlock(data: Uint8Array): PemBlock {
  const blocks = pemBlocks(data);
  if (blocks === undefined) throw new KeyError('found PEM with a block that is not closed');
  const keys = blocks.filter(({ label }) => KEY_LABELS.includes(label));
  const [key] = keys;
  if (key !== undefined && keys.length === 1) return key;
  if (keys.length > 1) throw new KeyError(`found ${keys.length} private keys, expected one`);
  const known = blocks.map(({ label }) => STRANGERS.get(label)).find((name) => name !== undefined);
  const label = (blocks[0]?.label ?? '').slice(0, 40).replace(/[^ -~]/g, '?');
  throw new KeyError(`found ${known ?? `PEM '${label}'`}, expected a private key`);
}

async function fromDer(
  der: Uint8Array,
  passphrase: Uint8Array | undefined,
): Promise<PlainPrivateKey> {
  const key = readDerKey(der);
  if (key.kind !== 'encrypted') return plainKey(key);
  if (passphrase === undefined) throw new KeyError(NO_PASSPHRASE);
  return decrypted(await openPbes2(key.algorithm, key.sealed, passphrase));
}

// What decrypts to something else was decrypted with the wrong key: one padding in 256 looks right.
function decrypted(der: Uint8Array): PlainPrivateKey {
  try {
    let key: ReturnType<typeof readDerKey>;
    try {
      key = readDerKey(der);
    } catch {
      throw new KeyError(WRONG_PASSPHRASE);
    }
    if (key.kind === 'encrypted') throw new KeyError('found a key that is encrypted twice');
    return plainKey(key);
  } finally {
    der.fill(0);
  }
}

type PlainDerKey = Exclude<ReturnType<typeof readDerKey>, { readonly kind: 'encrypted' }>;

function plainKey(key: PlainDerKey): PlainPrivateKey {
  switch (key.kind) {
    case 'rsa':
      return rsaKey(key.pkcs1);
    case 'ec':
      return ecKey(key.sec1, key.curveOid);
    case 'pkcs8':
      return pkcs8Key(key);
  }
}

const RSA = '2a864886f70d010101';
const EC = '2a8648ce3d0201';

const FIXED: ReadonlyMap<
  string,
  { readonly kind: PlainPrivateKey['kind']; readonly octets: number }
> = new Map([
  ['2b6570', { kind: 'ed25519', octets: 34 }],
  ['2b6571', { kind: 'ed448', octets: 59 }],
  ['608648016503040311', { kind: 'ml-dsa', octets: 0 }],
  ['608648016503040312', { kind: 'ml-dsa', octets: 0 }],
  ['608648016503040313', { kind: 'ml-dsa', octets: 0 }],
]);

function pkcs8Key(info: PlainDerKey & { readonly kind: 'pkcs8' }): PlainPrivateKey {
  const { algorithm, parameters, key, publicKey } = info;
  const inner = algorithm === RSA || algorithm === EC ? readDerKey(key) : undefined;
  if (inner?.kind === 'rsa' && algorithm === RSA) {
    if (parameters?.tag !== 0x05 || parameters.contents.length > 0)
      throw new KeyError('found an RSA key whose algorithm has parameters other than NULL');
    return rsaKey(inner.pkcs1);
  }
  if (inner?.kind === 'ec' && algorithm === EC) {
    if (parameters?.tag !== DerTag.OID)
      throw new KeyError('found an EC key whose curve is spelled out, expected a named curve');
    const curve = toHex(parameters.contents);
    if (inner.curveOid !== undefined && inner.curveOid !== curve)
      throw new KeyError(
        `found an EC key that says both ${oidName(curve)} and ${oidName(inner.curveOid)}`,
      );
    return ecKey(inner.sec1, curve);
  }
  if (inner !== undefined)
    throw new KeyError(`found PKCS#8 of ${oidName(algorithm)} with another key in it`);
  const fixed = FIXED.get(algorithm);
  if (fixed === undefined)
    throw new KeyError(
      `found ${oidName(algorithm)}, which IKEv2 has no signature method for, expected RSA, ECDSA, Ed25519 or Ed448`,
    );
  const inside = key.length === fixed.octets && key[0] === 0x04 && key[1] === fixed.octets - 2;
  const right = fixed.octets === 0 || inside;
  if (parameters !== undefined || !right)
    throw new KeyError(`found ${oidName(algorithm)} of the wrong form or size`);
  const der = derElement(
    DerTag.SEQUENCE,
    Uint8Array.of(0x02, 0x01, 0x00),
    algorithmIdentifier(algorithm),
    derElement(0x04, key),
  );
  return {
    kind: fixed.kind,
    encoding: 'pkcs8',
    der,
    ...(publicKey && { publicKey: publicKey.slice() }),
  };
}

function rsaKey(pkcs1: Uint8Array): PlainPrivateKey {
  const [outer] = derElements(pkcs1, 1) ?? [];
  const numbers = derElements(outer?.contents ?? pkcs1, 9) ?? [];
  const [version, n, , , p, q] = numbers;
  if (version?.contents.length !== 1 || version.contents[0] !== 0)
    throw new KeyError('found an RSA key of more than two primes, expected two');
  for (const { contents } of numbers.slice(1)) {
    const [first = 0x80, second = 0] = contents;
    if (first >= 0x80 || (first === 0 && second < 0x80))
      throw new KeyError('found an RSA key with a number that is not positive, or badly encoded');
  }
  const modulus = unsigned(n);
  const size = 8 * modulus.length + 24 - Math.clz32(modulus[0] ?? 0);
  if (size < RSA_BITS.least || size > RSA_BITS.most)
    throw new KeyError(
      `found an RSA key of ${size} bits, expected ${RSA_BITS.least} to ${RSA_BITS.most}`,
    );
  if (!isProduct(unsigned(p), unsigned(q), modulus))
    throw new KeyError('found an RSA key whose primes are not those of its modulus');
  return { kind: 'rsa', encoding: 'pkcs1', der: pkcs1.slice() };
}

function unsigned(element: DerElement | undefined): Uint8Array {
  const contents = element?.contents ?? new Uint8Array(0);
  return contents[0] === 0 ? contents.subarray(1) : contents;
}

/** As PKCS#8, which always names the curve. */
function ecKey(sec1: Uint8Array, oid: string | undefined): PlainPrivateKey {
  if (oid === undefined)
    throw new KeyError('found an EC key that does not name its curve, expected one that does');
  const curve = ecCurveOfOid(oid);
  if (curve === undefined)
    throw new KeyError(
      `found an EC key on ${oidName(oid)}, which IKEv2 has no signature method for, expected P-256, P-384, P-521 or brainpool of 256, 384 or 512 bits`,
    );
  const [outer] = derElements(sec1, 1) ?? [];
  const parts = derElements(outer?.contents ?? sec1, 4) ?? [];
  const secret = parts[1]?.contents ?? new Uint8Array(0);
  if (!isScalar(curve, secret))
    throw new KeyError(`found an EC key whose number is out of the range of ${oidName(oid)}`);
  const point = publicPoint(parts.find(({ tag }) => tag === 0xa1)?.contents);
  // without the point: what the runtime derives is then compared with it
  const padded = new Uint8Array(curve.octets);
  padded.set(secret, curve.octets - secret.length);
  const inner = derElement(
    DerTag.SEQUENCE,
    Uint8Array.of(0x02, 0x01, 0x01),
    derElement(0x04, padded),
  );
  padded.fill(0);
  const der = derElement(
    DerTag.SEQUENCE,
    Uint8Array.of(0x02, 0x01, 0x00),
    algorithmIdentifier(EC, fromHex(oid)),
    derElement(0x04, inner),
  );
  inner.fill(0);
  return { kind: 'ecdsa', encoding: 'pkcs8', der, ...(point && { publicKey: point.slice() }) };
}

function publicPoint(tagged: Uint8Array | undefined): Uint8Array | undefined {
  if (tagged === undefined) return undefined;
  const [bits, ...more] = derElements(tagged, 1) ?? [];
  if (bits?.tag !== 0x03 || bits.contents[0] !== 0 || more.length > 0)
    throw new KeyError('found an EC key with a malformed public key in it');
  return bits.contents.subarray(1);
}

// Compared as octets: a number of JavaScript's could not be wiped.
function isScalar(curve: KnownCurve, secret: Uint8Array): boolean {
  if (secret.length === 0 || secret.length > curve.octets) return false;
  const order = fromHex(
    ecCurve(curve.name)
      .order.toString(16)
      .padStart(2 * curve.octets, '0'),
  );
  const padded = concatBytes(new Uint8Array(curve.octets - secret.length), secret);
  const right =
    order !== undefined && compareBytes(padded, order) < 0 && padded.some((o) => o !== 0);
  padded.fill(0);
  return right;
}

function algorithmIdentifier(oid: string, parameterOid?: Uint8Array): Uint8Array {
  const name = derElement(DerTag.OID, fromHex(oid) ?? new Uint8Array(0));
  return parameterOid === undefined
    ? derElement(DerTag.SEQUENCE, name)
    : derElement(DerTag.SEQUENCE, name, derElement(DerTag.OID, parameterOid));
}
