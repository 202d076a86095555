import { describe, expect, test } from 'vitest';
import type { CryptoProvider } from '../../../daemon/contracts/plugin.ts';
import { createCrypto, selfTest } from '../../../daemon/crypto/registry.ts';
import {
  EncryptionId,
  IntegrityId,
  KeMethod,
  PrfId,
} from '../../../daemon/proto/iana/transforms.ts';
import { InternalError } from '../../../daemon/util/error.ts';
import { nobleCryptoProvider } from '../../../plugins/crypto-noble/provider.ts';
import { nodeCryptoProvider } from '../../../plugins/crypto-node/provider.ts';
import { octets } from '../../support/compliance/crypto.ts';

const node = nodeCryptoProvider();
const noble = nobleCryptoProvider();
const empty: CryptoProvider = {
  name: 'empty',
  aeads: [],
  ciphers: [],
  macs: [],
  prfs: [],
  keyExchanges: [],
  hashes: {},
};

describe('createCrypto', () => {
  test('finds by id and key length, and nothing else', () => {
    const crypto = createCrypto([node]);
    expect(crypto.aead(EncryptionId.AES_GCM_16, 256)?.keyBits).toBe(256);
    expect(crypto.aead(EncryptionId.AES_GCM_16, undefined)).toBeUndefined();
    expect(crypto.aead(EncryptionId.AES_GCM_16, 255)).toBeUndefined();
    expect(crypto.aead(EncryptionId.AES_CBC, 128)).toBeUndefined();
    expect(crypto.aead(EncryptionId.CHACHA20_POLY1305, undefined)?.keyBits).toBe(256);
    expect(crypto.aead(EncryptionId.CHACHA20_POLY1305, 256)?.keyBits).toBe(256);
    expect(crypto.aead(EncryptionId.CHACHA20_POLY1305, 128)).toBeUndefined();
    expect(crypto.cipher(EncryptionId.AES_CBC, 192)?.keyBits).toBe(192);
    expect(crypto.cipher(EncryptionId.AES_CBC, undefined)).toBeUndefined();
    expect(crypto.mac(IntegrityId.HMAC_SHA1_96)?.icvOctets).toBe(12);
    expect(crypto.mac(IntegrityId.NONE)).toBeUndefined();
    expect(crypto.prf(PrfId.PRF_HMAC_SHA2_512)?.keyOctets).toBe(64);
    expect(crypto.keyExchange(KeMethod.ECP_521)?.initiatorOctets).toBe(132);
    expect(crypto.keyExchange(KeMethod.KE_NONE)).toBeUndefined();
    expect(crypto.keyExchange(KeMethod.MODP_NULL)).toBeUndefined();
  });

  test('SEC-03: no number outside the providers finds anything', () => {
    const crypto = createCrypto([node]);
    const known = new Set(crypto.inventory.map(({ kind, id }) => `${kind} ${id}`));
    const surprises: string[] = [];
    for (let id = 0; id < 0x10000; id++) {
      for (const [kind, found] of [
        ['keyExchange', crypto.keyExchange(id)],
        ['prf', crypto.prf(id)],
        ['mac', crypto.mac(id)],
        ['aead', crypto.aead(id, 128)],
        ['cipher', crypto.cipher(id, 128)],
      ] as const)
        if (found !== undefined && !known.has(`${kind} ${id}`)) surprises.push(`${kind} ${id}`);
    }
    expect(surprises).toEqual([]);
  });

  test('the first provider wins, the second fills gaps', () => {
    const partial: CryptoProvider = { ...noble, aeads: [], keyExchanges: [], hashes: {} };
    const { inventory } = createCrypto([partial, node]);
    const providers = (kind: string) =>
      new Set(inventory.filter((entry) => entry.kind === kind).map(({ provider }) => provider));
    expect(providers('mac')).toEqual(new Set(['crypto-noble']));
    expect(providers('aead')).toEqual(new Set(['crypto-node']));
    expect(providers('keyExchange')).toEqual(new Set(['crypto-node']));
    expect(providers('hash')).toEqual(new Set(['crypto-node']));
    expect(inventory).toHaveLength(createCrypto([node]).inventory.length);
  });

  test("a responder's half that comes first takes the place of the method's own, and is tested with the other", () => {
    const id = KeMethod.ML_KEM_768;
    const own = node.keyExchanges.find((method) => method.id === id);
    if (own === undefined) throw new Error('missing');
    const peers: number[] = [];
    const quick: CryptoProvider = {
      ...empty,
      responders: [
        {
          id,
          respond(peerPublic) {
            peers.push(peerPublic.length);
            return own.respond(peerPublic);
          },
        },
      ],
    };
    const method = createCrypto([quick, node]).keyExchange(id);
    using initiator = method?.initiate();
    const { publicValue, secret } = method?.respond(initiator?.publicValue ?? octets(1, 0)) ?? {};
    expect(initiator?.secret(publicValue ?? octets(1, 0))).toEqual(secret);
    expect(peers).toEqual([1184, 1184]); // its self test and this one
    expect(createCrypto([quick]).keyExchange(id)).toBeUndefined();

    const ownKey = own.initiate().publicValue;
    const broken = { ...empty, responders: [{ id, respond: () => own.respond(ownKey) }] };
    expect(() => createCrypto([broken, node]).keyExchange(id)?.initiate()).toThrow(/self test/);
  });

  test('hashes, and says so if nobody can', () => {
    expect(createCrypto([node]).hash('sha1', Uint8Array.of(1), Uint8Array.of(2))).toHaveLength(20);
    expect(() => createCrypto([empty]).hash('sha1')).toThrow(InternalError);
  });
});

describe('SEC-05: self test', () => {
  const broken = (change: Partial<CryptoProvider>) => () => createCrypto([{ ...node, ...change }]);

  test('all algorithms of both providers pass', () => {
    for (const provider of [node, noble])
      expect(() => selfTest(createCrypto([provider]))).not.toThrow();
  });

  test('an algorithm that computes something else is refused by name', () => {
    const [gcm] = node.aeads;
    const [cbc] = node.ciphers;
    const [mac] = node.macs;
    const [prf] = node.prfs;
    if (!gcm || !cbc || !mac || !prf) throw new Error('missing');
    const wrongKey = (key: Uint8Array): Uint8Array => key.map((octet) => octet ^ 1);
    expect(broken({ aeads: [{ ...gcm, create: (key) => gcm.create(wrongKey(key)) }] })).toThrow(
      /self test of AES_GCM_16_128 of crypto-node failed/,
    );
    expect(broken({ ciphers: [{ ...cbc, create: (key) => cbc.create(wrongKey(key)) }] })).toThrow(
      /AES_CBC_128/,
    );
    expect(broken({ macs: [{ ...mac, create: (key) => mac.create(wrongKey(key)) }] })).toThrow(
      /HMAC_SHA2_256_128/,
    );
    expect(
      broken({ prfs: [{ ...prf, expand: (key, seed, n) => prf.expand(key, seed, n).fill(0) }] }),
    ).toThrow(/PRF_HMAC_SHA2_256 of crypto-node failed: wrong prf\+/);
    expect(broken({ hashes: { sha1: () => new Uint8Array(20) } })).toThrow(/sha1/);
  });

  test('an AEAD that does not verify is refused', () => {
    const [gcm] = node.aeads;
    if (gcm === undefined) throw new Error('missing');
    const blind = {
      ...gcm,
      create: (key: Uint8Array) => {
        const context = gcm.create(key);
        return {
          seal: context.seal.bind(context),
          open: (_nonce: Uint8Array, _aad: Uint8Array, sealed: Uint8Array) =>
            Uint8Array.from({ length: sealed.length - 16 }, (_, i) => 0x40 + i),
          [Symbol.dispose]() {},
        };
      },
    };
    expect(broken({ aeads: [blind] })).toThrow(/forged ICV accepted/);
  });

  test('an algorithm nobody has an answer for is refused', () => {
    const [gcm] = node.aeads;
    if (gcm === undefined) throw new Error('missing');
    expect(broken({ aeads: [{ ...gcm, id: EncryptionId.AES_CCM_16 }] })).toThrow(/no known answer/);
  });

  test('a key exchange is tested before its first use, once', () => {
    const method = node.keyExchanges.find(({ id }) => id === KeMethod.CURVE_25519);
    if (method === undefined) throw new Error('missing');
    let initiated = 0;
    const counting = {
      ...method,
      initiate: () => {
        initiated++;
        return method.initiate();
      },
    };
    const crypto = createCrypto([{ ...node, keyExchanges: [counting] }]);
    expect(initiated).toBe(0);
    crypto.keyExchange(method.id)?.initiate();
    crypto.keyExchange(method.id)?.initiate();
    expect(initiated).toBe(3);

    const wrong = {
      ...method,
      respond: (peer: Uint8Array) => {
        const answer = method.respond(peer);
        return { ...answer, secret: answer.secret.fill(0) };
      },
    };
    const bad = createCrypto([{ ...node, keyExchanges: [wrong] }]);
    expect(() => bad.keyExchange(method.id)?.initiate()).toThrow(InternalError);
    expect(() => bad.keyExchange(method.id)?.respond(new Uint8Array(32))).toThrow(InternalError);
    expect(() => selfTest(bad)).toThrow(/secrets differ/);
  });
});
