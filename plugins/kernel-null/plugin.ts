import type { Plugin } from '../../daemon/contracts/plugin.ts';
import { NullIpsec, NullNet } from './kernel-null.ts';

const plugin: Plugin = {
  name: 'kernel-null',
  kernel: async () => ({ ipsec: new NullIpsec(), net: new NullNet() }),
};

export default plugin;
