import type { Plugin } from '../../daemon/contracts/plugin.ts';
import { openTransport } from './open.ts';

const plugin: Plugin = {
  name: 'socket-netlink',
  transport: (settings, host) => openTransport(settings, host.log),
};

export default plugin;
