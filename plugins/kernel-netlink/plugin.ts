import type { Plugin } from '../../daemon/contracts/plugin.ts';
import { openNetlinkKernel } from './open.ts';

const plugin: Plugin = {
  name: 'kernel-netlink',
  kernel: (host, { acquireLifetime }) => openNetlinkKernel(host.log, { acquireLifetime }),
};

export default plugin;
