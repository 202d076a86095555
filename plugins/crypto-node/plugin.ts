import type { Plugin } from '../../daemon/contracts/plugin.ts';
import { nodeCryptoProvider } from './provider.ts';

const plugin: Plugin = { name: 'crypto-node', crypto: nodeCryptoProvider };

export default plugin;
