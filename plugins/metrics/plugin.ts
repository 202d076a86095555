import type { Plugin } from '../../daemon/contracts/plugin.ts';
import { MonitoringServer } from './monitoring-server.ts';

const plugin: Plugin = {
  name: 'metrics',
  monitoring: (settings, { log }) => new MonitoringServer(settings, log),
};

export default plugin;
