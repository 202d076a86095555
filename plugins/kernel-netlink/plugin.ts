import type { Plugin } from '../../daemon/contracts/plugin.ts';
import { openNetlinkKernel } from './open.ts';

const plugin: Plugin = {
  name: 'kernel-netlink',
  kernel: (host, settings) => openNetlinkKernel(host.log, settings),
};

export default plugin;
