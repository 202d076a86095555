import type { Plugin } from '../../daemon/contracts/plugin.ts';
import { nobleCryptoProvider } from './provider.ts';

const plugin: Plugin = { name: 'crypto-noble', crypto: nobleCryptoProvider };

export default plugin;
