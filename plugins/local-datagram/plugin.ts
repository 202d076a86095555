import type { Plugin } from '../../daemon/contracts/plugin.ts';
import { LocalDatagramSocket } from '../../native/index.ts';

const plugin: Plugin = {
  name: 'local-datagram',
  localDatagrams: () => ({ to: (path) => new LocalDatagramSocket(path) }),
};

export default plugin;
