import type { CharonProgram } from './charon-gateway.ts';
import { REPOSITORY } from './paths.ts';

const QUIET_FIRST = { retransmit_timeout: '1.0', retransmit_tries: 4 };

/** strongSwan of Debian, logging to standard error. */
export const STRONGSWAN: CharonProgram = {
  product: 'strongSwan',
  argv: ['/usr/sbin/charon-systemd'],
  conf: {
    charon: {
      load_modular: 'yes',
      ...QUIET_FIRST,
      filelog: { stderr: { default: 1, ike: 2, cfg: 2, time_format: '%b %e %T' } },
      plugins: { include: 'strongswan.d/charon/*.conf' },
    },
    'charon-systemd': { journal: { default: -1 } },
  },
};

const OURS: CharonProgram = {
  product: 'charon-ts',
  argv: [`${REPOSITORY}/node_modules/.bin/node`, `${REPOSITORY}/daemon/main.ts`],
  conf: { charon: { ...QUIET_FIRST, filelog: { stderr: { default: 1, ike: 2, cfg: 2 } } } },
};

/** The daemon under test; LAB_OUR_DAEMON=strongswan puts the peer's in its place, to try the lab itself. */
export function ourProgram(): CharonProgram {
  return process.env['LAB_OUR_DAEMON'] === 'strongswan'
    ? { ...STRONGSWAN, product: 'stand-in' }
    : OURS;
}
