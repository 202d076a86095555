import { describe, expect, test } from 'vitest';
import type { CryptoProvider } from '../../../../daemon/contracts/plugin.ts';
import { loadLibcrypto } from '../../../../native/libcrypto.ts';
import { libcryptoProvider } from '../../../../plugins/crypto-libcrypto/provider.ts';
import { nobleCryptoProvider } from '../../../../plugins/crypto-noble/provider.ts';
import { nodeMlKemMethods } from '../../../../plugins/crypto-node/mlkem.ts';
import { crossCompliance, cryptoCompliance } from '../../../support/compliance/crypto.ts';

describe('crypto-libcrypto', () => {
  const provider = libcryptoProvider(loadLibcrypto());
  cryptoCompliance(withInitiators(provider));
  crossCompliance(provider, nobleCryptoProvider());

  test('has the responder of every ML-KEM that node:crypto has', () => {
    expect(provider.responders?.map(({ id }) => id)).toEqual(nodeMlKemMethods.map(({ id }) => id));
  });

  test('keys that share a page are wiped one by one', () => {
    const aead = provider.aeads.find(({ keyBits }) => keyBits === 256);
    if (aead === undefined) throw new Error('missing');
    const contexts = Array.from({ length: 100 }, (_, i) => aead.create(new Uint8Array(32).fill(i)));
    const [nonce, text] = [new Uint8Array(12), new Uint8Array(20)];
    const before = contexts.map((context) => context.seal(nonce, text, text));
    for (let i = 0; i < contexts.length; i += 2) contexts[i]?.[Symbol.dispose]();
    contexts.forEach((context, i) => {
      if (i % 2 === 0) expect(() => context.seal(nonce, text, text)).toThrow(/wiped/);
      else expect(context.seal(nonce, text, text)).toEqual(before[i]);
    });
  });
});

/** The methods that it has one half of, as the registry puts them together. */
function withInitiators(provider: CryptoProvider): CryptoProvider {
  const { keyExchanges, responders = [] } = provider;
  const kems = nodeMlKemMethods.map((method) => ({
    ...method,
    ...responders.find(({ id }) => id === method.id),
  }));
  return { ...provider, keyExchanges: [...keyExchanges, ...kems] };
}
