import type { Plugin } from '../../daemon/contracts/plugin.ts';
import { openNetlinkKernel } from './open.ts';

const plugin: Plugin = {
  name: 'kernel-netlink',
  kernel: (host) => openNetlinkKernel(host.log),
};

export default plugin;
