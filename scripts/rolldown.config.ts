import { defineConfig } from 'rolldown';

/** The programs as they are installed: one file each and what they load only when they need it. */
export default defineConfig({
  input: {
    main: 'daemon/main.ts',
    keyd: 'daemon/keyd/keyd.ts',
    swanctl: 'daemon/cli/swanctl/main.ts',
    ipsec: 'daemon/cli/ipsec/main.ts',
    container: 'daemon/cli/container/main.ts',
  },
  platform: 'node',
  external: ['pino', 'prom-client'],
  output: { format: 'esm', entryFileNames: '[name].js' },
});
