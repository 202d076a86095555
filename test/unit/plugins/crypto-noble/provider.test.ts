import { nobleCryptoProvider } from '../../../../plugins/crypto-noble/provider.ts';
import { nodeCryptoProvider } from '../../../../plugins/crypto-node/provider.ts';
import { crossCompliance, cryptoCompliance } from '../../../support/compliance/crypto.ts';

cryptoCompliance(nobleCryptoProvider());
crossCompliance(nodeCryptoProvider(), nobleCryptoProvider());
