import type { Plugin } from '../../daemon/contracts/plugin.ts';
import { chooseBackend } from './choose.ts';
import { SerialNameServers } from './serial-name-servers.ts';

const plugin: Plugin = {
  name: 'resolve',
  nameServers: async (settings) => new SerialNameServers(await chooseBackend(settings)),
};

export default plugin;
