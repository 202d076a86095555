import type { CryptoProvider } from '../../daemon/contracts/plugin.ts';
import { nodeAeads } from './aead.ts';
import { nodeBrainpoolGroups } from './brainpool.ts';
import { nodeCiphers } from './cipher.ts';
import { nodeEcpGroups } from './ecp.ts';
import { nodeHashes } from './hash.ts';
import { nodeMacs } from './mac.ts';
import { nodeMlKemMethods } from './mlkem.ts';
import { nodeModpGroups } from './modp.ts';
import { nodeMontgomeryGroups } from './montgomery.ts';
import { nodePrfs } from './prf.ts';
import { NodeSignatureVerifier } from './signatures.ts';

/** Every algorithm this project knows of `node:crypto`, at native speed. */
export function nodeCryptoProvider(): CryptoProvider {
  return {
    name: 'crypto-node',
    aeads: nodeAeads,
    ciphers: nodeCiphers,
    macs: nodeMacs,
    prfs: nodePrfs,
    keyExchanges: [
      ...nodeEcpGroups,
      ...nodeMontgomeryGroups,
      ...nodeModpGroups,
      ...nodeBrainpoolGroups,
      ...nodeMlKemMethods,
    ],
    hashes: nodeHashes,
    signatures: new NodeSignatureVerifier(),
  };
}
