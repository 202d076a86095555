import type { CryptoProvider } from '../../daemon/contracts/plugin.ts';
import type { Libcrypto } from '../../native/libcrypto.ts';
import { libcryptoAeads } from './aead.ts';
import type { Calls } from './calls.ts';
import { libcryptoCiphers } from './cipher.ts';
import { libcryptoExchanges } from './exchange.ts';
import { libcryptoHashes } from './hash.ts';
import { libcryptoMacs, libcryptoPrfs } from './hmac.ts';
import { libcryptoEncapsulations } from './kem.ts';
import { KeyPages } from './kept-key.ts';
import { checkKeyExchange } from './known-answer.ts';

/**
 * What gains by calling libcrypto directly; signatures and the initiator's half of ML-KEM are left to `crypto-node`. Throws
 * if the library computes wrongly.
 */
export function libcryptoProvider(addon: Libcrypto): CryptoProvider {
  const calls: Calls = { addon, octets: new Uint8Array(addon.memory), keys: new KeyPages() };
  checkKeyExchange(calls);
  return {
    name: 'crypto-libcrypto',
    aeads: libcryptoAeads(calls),
    ciphers: libcryptoCiphers(calls),
    macs: libcryptoMacs(calls),
    prfs: libcryptoPrfs(calls),
    keyExchanges: libcryptoExchanges(calls),
    responders: libcryptoEncapsulations(calls),
    hashes: libcryptoHashes(calls),
  };
}
