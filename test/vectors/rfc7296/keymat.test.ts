import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { pskAuth, signedOctets } from '../../../daemon/crypto/auth-octets.ts';
import {
  deriveChildKeys,
  deriveIkeKeys,
  deriveRekeyedIkeKeys,
} from '../../../daemon/crypto/keymat.ts';
import { createCrypto } from '../../../daemon/crypto/registry.ts';
import { PrfId } from '../../../daemon/proto/iana/transforms.ts';
import type { IkeSpi } from '../../../daemon/proto/ike-spi.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';
import { Secret } from '../../../daemon/util/secret.ts';
import { loadLibcrypto } from '../../../native/libcrypto.ts';
import { libcryptoProvider } from '../../../plugins/crypto-libcrypto/provider.ts';
import { nobleCryptoProvider } from '../../../plugins/crypto-noble/provider.ts';
import { nodeCryptoProvider } from '../../../plugins/crypto-node/provider.ts';
import { hex, octetsOf } from '../../support/hex.ts';

type SkNames = 'skD' | 'skAi' | 'skAr' | 'skEi' | 'skEr' | 'skPi' | 'skPr';

interface Vectors {
  readonly ni: string;
  readonly nr: string;
  readonly spiI: string;
  readonly spiR: string;
  readonly secret: string;
  readonly fresh: string;
  readonly message: string;
  readonly idBody: string;
  readonly cases: readonly {
    readonly prf: 'sha1' | 'sha256' | 'sha384' | 'sha512';
    readonly prfOctets: number;
    readonly integrityOctets: number;
    readonly encryptionOctets: number;
    readonly ike: Readonly<Record<SkNames, string>>;
    readonly rekeyed: Readonly<Record<SkNames, string>>;
    readonly child: readonly string[];
    readonly childPfs: readonly string[];
    readonly signedOctets: string;
    readonly auth: string;
  }[];
}

const vectors: Vectors = JSON.parse(readFileSync(new URL('keymat.json', import.meta.url), 'utf8'));

const PRFS = {
  sha1: PrfId.PRF_HMAC_SHA1,
  sha256: PrfId.PRF_HMAC_SHA2_256,
  sha384: PrfId.PRF_HMAC_SHA2_384,
  sha512: PrfId.PRF_HMAC_SHA2_512,
};

const NAMES: readonly SkNames[] = ['skD', 'skAi', 'skAr', 'skEi', 'skEr', 'skPi', 'skPr'];

const nonces = () => ({ ni: octetsOf(vectors.ni), nr: octetsOf(vectors.nr) });
const spis = {
  spiI: BigInt(`0x${vectors.spiI}`) as IkeSpi,
  spiR: BigInt(`0x${vectors.spiR}`) as IkeSpi,
};

describe.each([libcryptoProvider(loadLibcrypto()), nodeCryptoProvider(), nobleCryptoProvider()])(
  'keys with $name',
  (provider) => {
    const crypto = createCrypto([provider]);
    const prfOf = (name: keyof typeof PRFS) => {
      const prf = crypto.prf(PRFS[name]);
      if (prf === undefined) throw new Error(`no ${name}`);
      return prf;
    };

    describe.each(vectors.cases)('PRF_HMAC of $prf', (vector) => {
      const prf = prfOf(vector.prf);
      const { prfOctets, integrityOctets, encryptionOctets } = vector;
      const lengths = { prfOctets, integrityOctets, encryptionOctets };
      const inputs = { ...nonces(), ...spis };
      const derive = () =>
        deriveIkeKeys(prf, { ...inputs, secret: octetsOf(vectors.secret) }, lengths);

      test('SK_* of IKE_SA_INIT, RFC 7296 section 2.14', () => {
        using keys = derive();
        for (const name of NAMES) expect(hex(keys[name].bytes), name).toBe(vector.ike[name]);
      });

      test('SK_* after a rekey with another PRF, RFC 7296 section 2.18', () => {
        using old = derive();
        using keys = deriveRekeyedIkeKeys(
          prf,
          old.skD,
          prfOf('sha256'),
          { ...inputs, secret: octetsOf(vectors.fresh) },
          { ...lengths, prfOctets: 32 },
        );
        for (const name of NAMES) expect(hex(keys[name].bytes), name).toBe(vector.rekeyed[name]);
      });

      test.each([
        ['without', undefined, vector.child],
        ['with', vectors.fresh, vector.childPfs],
      ])('KEYMAT of a CHILD_SA %s a key exchange, RFC 7296 section 2.17', (_, fresh, expected) => {
        using ike = derive();
        const { ni, nr } = inputs;
        const secret = fresh === undefined ? undefined : octetsOf(fresh);
        using keys = deriveChildKeys(prf, ike.skD, ni, nr, secret, lengths);
        expect(
          [
            keys.initiator.encryption,
            keys.initiator.integrity,
            keys.responder.encryption,
            keys.responder.integrity,
          ].map((key) => hex(key.bytes)),
        ).toEqual(expected);
      });

      test('AUTH of a shared secret, RFC 7296 section 2.15', () => {
        using keys = derive();
        const { nr } = inputs;
        const [message, idBody] = [octetsOf(vectors.message), octetsOf(vectors.idBody)];
        const octets = signedOctets(message, nr, prf, keys.skPi, idBody);
        expect(hex(octets)).toBe(vector.signedOctets);
        expect(hex(pskAuth(prf, new Secret(utf8('a shared secret')), octets))).toBe(vector.auth);
      });
    });
  },
);

test('disposing keys wipes all of them', () => {
  const prf = createCrypto([nodeCryptoProvider()]).prf(PrfId.PRF_HMAC_SHA2_256);
  if (prf === undefined) throw new Error('no PRF');
  const lengths = { prfOctets: 32, integrityOctets: 32, encryptionOctets: 16 };
  const keys = deriveIkeKeys(
    prf,
    { ...nonces(), ...spis, secret: octetsOf(vectors.secret) },
    lengths,
  );
  const views = NAMES.map((name) => keys[name].bytes);
  keys[Symbol.dispose]();
  for (const view of views) expect(view.every((octet) => octet === 0)).toBe(true);
  for (const name of NAMES) expect(() => keys[name].bytes).toThrow(TypeError);
});
