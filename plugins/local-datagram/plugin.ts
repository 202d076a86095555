import type { Plugin } from '../../daemon/contracts/plugin.ts';
import { LocalDatagramSocket, peerCredentials } from '../../native/index.ts';

const plugin: Plugin = {
  name: 'local-datagram',
  peerCredentials,
  localDatagrams: () => ({ to: (path) => new LocalDatagramSocket(path) }),
};

export default plugin;
