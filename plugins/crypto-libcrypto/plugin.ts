import type { Plugin } from '../../daemon/contracts/plugin.ts';
import { loadLibcrypto } from '../../native/libcrypto.ts';
import { libcryptoProvider } from './provider.ts';

const plugin: Plugin = {
  name: 'crypto-libcrypto',
  crypto: () => libcryptoProvider(loadLibcrypto()),
};

export default plugin;
