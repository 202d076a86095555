import { describe } from 'vitest';
import { loadLibcrypto } from '../../../../native/libcrypto.ts';
import { libcryptoProvider } from '../../../../plugins/crypto-libcrypto/provider.ts';
import { nobleCryptoProvider } from '../../../../plugins/crypto-noble/provider.ts';
import { crossCompliance, cryptoCompliance } from '../../../support/compliance/crypto.ts';

describe('crypto-libcrypto', () => {
  const provider = libcryptoProvider(loadLibcrypto());
  cryptoCompliance(provider);
  crossCompliance(provider, nobleCryptoProvider());
});
