import type { Plugin } from '../../daemon/contracts/plugin.ts';
import { DirectorySource } from './directory-source.ts';

const plugin: Plugin = {
  name: 'credentials-files',
  credentialFiles: (settings, { clock }) =>
    new DirectorySource(settings, { clock, uid: process.getuid?.() }),
};

export default plugin;
