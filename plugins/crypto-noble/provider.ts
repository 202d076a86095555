import type { CryptoProvider } from '../../daemon/contracts/plugin.ts';
import { nobleAeads } from './aead.ts';
import { nobleCiphers } from './cipher.ts';
import { nobleCurves } from './curves.ts';
import { nobleHashes, nobleMacs, noblePrfs } from './hmac.ts';
import { nobleModpGroups } from './modp.ts';
import { NobleSignatureVerifier } from './signatures.ts';

/** Every algorithm this project knows in plain JavaScript: portable, ten times slower than `crypto-node`. */
export function nobleCryptoProvider(): CryptoProvider {
  return {
    name: 'crypto-noble',
    aeads: nobleAeads,
    ciphers: nobleCiphers,
    macs: nobleMacs,
    prfs: noblePrfs,
    keyExchanges: [...nobleCurves, ...nobleModpGroups],
    hashes: nobleHashes,
    signatures: new NobleSignatureVerifier(),
  };
}
