import { nodeCryptoProvider } from '../../../../plugins/crypto-node/provider.ts';
import { cryptoCompliance } from '../../../support/compliance/crypto.ts';

cryptoCompliance(nodeCryptoProvider());
