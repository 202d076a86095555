import { LOG_GROUPS } from '../../../daemon/contracts/log-targets.ts';
import { ExitCode } from '../../../daemon/exit-codes.ts';
import type { ServiceEnvironment } from '../../../daemon/service.ts';
import { bold, entry, head, italic, paragraph, prose, section, seeAlso } from './roff.ts';

/** What scripts and service managers learn from the exit code. */
const MEANINGS: Readonly<Record<keyof typeof ExitCode, string>> = {
  OK: 'Ended by a signal.',
  INTERNAL: 'Internal error: report it with the log.',
  USAGE: 'Unknown argument.',
  CONFIG: 'strongswan.conf is missing, unreadable or wrong. The message has file, line and column.',
  PORT_IN_USE:
    'A UDP port is in use. Stop the other IKE daemon, or set charon.port and charon.port_nat_t.',
  NOT_PERMITTED: 'Not permitted. CAP_NET_ADMIN or CAP_NET_BIND_SERVICE is missing.',
  NO_IPSEC: 'The kernel cannot do IPsec. Load esp4, esp6 and xfrm_user.',
  VICI_SOCKET:
    'The VICI socket cannot be opened. Another daemon serves it, or its folder is missing.',
};

const ENVIRONMENT: Readonly<Record<keyof ServiceEnvironment, string>> = {
  STRONGSWAN_CONF: 'The configuration, instead of /etc/strongswan.conf.',
  STATE_DIRECTORY: 'Where the service manager lets the daemon keep files over a reboot.',
  RUNTIME_DIRECTORY:
    'Where the service manager lets the daemon keep files over a restart, instead of beside its socket.',
  NOTIFY_SOCKET: 'Where the service manager is told that the daemon is ready, see sd_notify(3).',
  WATCHDOG_USEC:
    'How often the service manager wants to hear that the daemon is alive, see sd_watchdog_enabled(3).',
  WATCHDOG_PID: 'The process that it wants to hear that of.',
  LISTEN_PID: 'The process that listening sockets are handed to, see sd_listen_fds(3).',
  LISTEN_FDS: 'How many sockets these are.',
  LISTEN_FDNAMES: 'Their names.',
  CHARON_KEYD_SOCKET: 'Where the service manager starts processes that keep private keys.',
  JOURNAL_STREAM: 'Set by systemd where what is printed goes to its journal.',
};

const FILES: Readonly<Record<string, string>> = {
  '/etc/strongswan.conf': 'Options of the daemon. conf/options.md of the package has all of them.',
  '/run/charon.vici': 'The socket it is steered by.',
  '/run/charon.vici.journal':
    'What it put into the kernel, so that a new process can remove it after a crash.',
  '/run/charon.vici.state':
    'With charon.state_journal = yes, keys of all SAs for the next process. Only root may read it.',
};

const SIGNALS: Readonly<Record<string, string>> = {
  'SIGTERM, SIGINT': 'Ends gracefully: peers are told, the kernel is cleaned, sockets are closed.',
  SIGHUP: 'Reads strongswan.conf again and reopens the log files.',
};

/** charon-ts(8). */
export function daemonManual(version: string): string {
  const groups = LOG_GROUPS.join(', ');
  return [
    head('charon-ts', 8, version, 'IKEv2 daemon'),
    section(
      'SYNOPSIS',
      `${bold('charon-ts')} [${bold('--help')}] [${bold('--version')}] [${bold('--debug-')}${italic('group')} ${italic('level')}]...\n`,
    ),
    section(
      'DESCRIPTION',
      paragraph(
        prose(
          'Negotiates IPsec tunnels by IKEv2 and programs the kernel with them. It stays in the foreground and needs no arguments. Connections, keys and certificates are loaded through its socket: by swanctl(8) from swanctl.conf(5), by ipsec(8) from ipsec.conf(5), or by any program that speaks VICI.',
        ),
      ),
    ),
    section(
      'OPTIONS',
      entry(bold('--help'), prose('Prints the usage.')),
      entry(bold('--version'), prose('Prints the version.')),
      entry(
        `${bold('--debug-')}${italic('group')} ${italic('level')}`,
        prose(
          `Level of a log group on the console, from -1 (nothing) to 4 (secrets of the negotiation too). Groups: ${groups}.`,
        ),
      ),
    ),
    section('SIGNALS', ...terms(SIGNALS)),
    section(
      'EXIT STATUS',
      ...Object.entries(MEANINGS).map(([name, text]) =>
        entry(bold(String(ExitCode[name as keyof typeof ExitCode])), prose(text)),
      ),
    ),
    section('ENVIRONMENT', ...terms(ENVIRONMENT)),
    section('FILES', ...terms(FILES)),
    seeAlso('swanctl(8)', 'swanctl.conf(5)', 'ipsec(8)', 'ip-xfrm(8)'),
  ].join('');
}

const terms = (table: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(table).map(([term, text]) => entry(bold(term), prose(text)));
