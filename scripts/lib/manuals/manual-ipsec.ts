import { COMMAND_DOCS, START_OPTIONS, UTC_OPTION } from '../../../daemon/cli/ipsec/command-docs.ts';
import { bold, entry, head, italic, paragraph, plain, prose, section, seeAlso } from './roff.ts';

const ENVIRONMENT: Readonly<Record<string, string>> = {
  IPSEC_CONFDIR: 'The folder of ipsec.conf, ipsec.secrets and ipsec.d, instead of /etc.',
  IPSEC_PIDDIR: 'The folder of the files with process ids, instead of /var/run.',
  IPSEC_DIR:
    'The folder of further programs: ipsec word runs the file of that name in it, where word is no command.',
  'IPSEC_BINDIR, IPSEC_SBINDIR':
    'Folders told to such programs, besides the variables above, IPSEC_SCRIPT, IPSEC_NAME, IPSEC_VERSION, IPSEC_STARTER_PID and IPSEC_CHARON_PID.',
  STRONGSWAN_CONF:
    'The file that may name the socket of the daemon, instead of /etc/strongswan.conf. It may also have starter.config_file (path of ipsec.conf), charon.plugins.stroke.secrets_file (path of ipsec.secrets), charon.plugins.stroke.timeout (milliseconds that up and down wait) and charon.plugins.stroke.allow_swap (no: left is always this host).',
};

const FILES: Readonly<Record<string, string>> = {
  '/etc/ipsec.conf': 'Connections and authorities. Keywords of IKEv1 are refused with their line.',
  '/etc/ipsec.secrets': 'Secrets and private keys.',
  '/etc/ipsec.d/':
    'Folders of certificates and keys: cacerts, aacerts, ocspcerts, acerts, crls, certs, private.',
  '/var/run/starter.charon.pid': 'Process id of the starter.',
  '/var/run/charon.pid': 'Process id of the daemon.',
};

/** ipsec(8). */
export function ipsecManual(version: string): string {
  return [
    head('ipsec', 8, version, 'starts and controls IPsec from ipsec.conf'),
    section('SYNOPSIS', `${bold('ipsec')} ${italic('command')} [${italic('argument')}]...\n`),
    section(
      'DESCRIPTION',
      paragraph(
        prose(
          'Starts the IKE daemon with the configuration in ipsec.conf and ipsec.secrets, and controls it through its VICI socket. New set-ups use swanctl(8); migrate writes its configuration.',
        ),
      ),
    ),
    section(
      'COMMANDS',
      ...COMMAND_DOCS.map(({ name, args, doc }) =>
        entry(`${bold(name)}${args === '' ? '' : ` ${plain(args)}`}`, prose(doc)),
      ),
    ),
    section(
      'OPTIONS OF START AND RESTART',
      ...START_OPTIONS.map(({ name, args, doc }) =>
        entry(`${bold(name)}${args === '' ? '' : ` ${plain(args)}`}`, prose(doc)),
      ),
    ),
    section('OPTIONS OF LISTINGS', entry(bold(UTC_OPTION.name), prose(UTC_OPTION.doc))),
    section(
      'EXIT STATUS',
      entry(
        bold('0'),
        prose(
          'The daemon was told, whatever came of it: only the text says so. For status: it runs.',
        ),
      ),
      entry(
        bold('1'),
        prose(
          'The configuration is wrong or the daemon did not start; for status: only the file with its process id is there.',
        ),
      ),
      entry(bold('2'), prose('The command line is wrong.')),
      entry(bold('3'), prose('For status: it does not run.')),
      entry(bold('7'), prose('It does not run.')),
      entry(bold('255'), prose('The daemon could not be asked.')),
    ),
    section('ENVIRONMENT', ...terms(ENVIRONMENT)),
    section('FILES', ...terms(FILES)),
    seeAlso('charon-ts(8)', 'swanctl(8)', 'swanctl.conf(5)'),
  ].join('');
}

const terms = (table: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(table).map(([term, text]) => entry(bold(term), prose(text)));
