/** A command or option of `ipsec`, for the manual page and for completion. */
export interface IpsecDoc {
  readonly name: string;
  /** Its arguments as in a synopsis; `[name]` and `name` are connections. */
  readonly args: string;
  readonly doc: string;
}

const doc = (name: string, args: string, text: string): IpsecDoc => ({ name, args, doc: text });

const listing = (name: string, what: string): IpsecDoc => doc(name, '[--utc]', `Lists ${what}.`);

/** Every command, in the order of the usage text. */
export const COMMAND_DOCS: readonly IpsecDoc[] = [
  doc('start', '[options]', 'Starts the daemon and loads ipsec.conf and ipsec.secrets.'),
  doc('restart', '[options]', 'Stops it and starts it again.'),
  doc('update', '', 'Reads ipsec.conf again and applies what differs.'),
  doc('reload', '', 'Reads ipsec.conf again and loads all of it anew.'),
  doc('stop', '', 'Ends all connections and the daemon.'),
  doc('up', 'name', 'Brings a connection up and prints what happens meanwhile.'),
  doc(
    'down',
    'name|name{n}|name{*}|name[n]|name[*]',
    'Closes the IKE_SA of a connection; with braces one or all of its CHILD_SAs; with brackets one or all of its IKE_SAs.',
  ),
  doc(
    'down-srcip',
    'start [end]',
    'Closes the IKE_SAs of peers with a virtual address from start to end.',
  ),
  doc('route', 'name', 'Installs policies that bring the connection up when there is traffic.'),
  doc('unroute', 'name', 'Removes these policies.'),
  doc('status', '[name]', 'Shows SAs.'),
  doc('statusall', '[name]', 'Shows the daemon, connections and SAs in detail.'),
  doc('leases', '[pool [address]]', 'Shows pools of virtual addresses and who has them.'),
  doc('listalgs', '', 'Lists algorithms.'),
  listing('listpubkeys', 'raw public keys'),
  listing('listcerts', 'certificates'),
  listing('listcacerts', 'certificates of authorities'),
  listing('listaacerts', 'certificates of attribute authorities'),
  listing('listocspcerts', 'certificates of OCSP responders'),
  listing('listacerts', 'attribute certificates'),
  doc('listgroups', '[--utc]', 'Lists groups, of which there are none.'),
  doc('listcainfos', '[--utc]', 'Lists where authorities publish what they revoked.'),
  listing('listcrls', 'certificate revocation lists'),
  listing('listocsp', 'responses of OCSP'),
  doc('listplugins', '', 'Lists plugins.'),
  doc('listall', '[--utc]', 'All of these lists.'),
  doc('listcounters', '[name|all]', 'Shows counters of IKE, of one connection or of all.'),
  doc('resetcounters', '[name|all]', 'Sets these counters to zero.'),
  doc('rereadsecrets', '', 'Reads ipsec.secrets again.'),
  doc('rereadcacerts', '', 'Reads ipsec.d/cacerts again.'),
  doc('rereadaacerts', '', 'Reads ipsec.d/aacerts again.'),
  doc('rereadocspcerts', '', 'Reads ipsec.d/ocspcerts again.'),
  doc('rereadacerts', '', 'Reads ipsec.d/acerts again.'),
  doc('rereadcrls', '', 'Reads ipsec.d/crls again.'),
  doc('rereadall', '', 'Reads all of these again.'),
  doc('purgecerts', '', 'Forgets received certificates.'),
  doc('purgecrls', '', 'Forgets fetched revocation lists.'),
  doc('purgeike', '', 'Closes IKE_SAs without a CHILD_SA.'),
  doc('purgeocsp', '', 'Forgets fetched responses of OCSP.'),
  doc('migrate', '', 'Prints the swanctl.conf that says the same as ipsec.conf and ipsec.secrets.'),
  doc('version', '', 'Prints the version, as --version does.'),
  doc('--help', '', 'Prints the usage.'),
  doc('--version', '', 'Prints the version.'),
  doc('--versioncode', '', 'Prints the version in short.'),
  doc('--copyright', '', 'Prints the licence.'),
  doc('--directory', '', 'Prints the folder of the programs.'),
  doc('--confdir', '', 'Prints the folder of ipsec.conf.'),
  doc('--piddir', '', 'Prints the folder of the files with process ids.'),
];

/** Options of `start` and `restart`. */
export const START_OPTIONS: readonly IpsecDoc[] = [
  doc('--nofork', '', 'Stays in the foreground.'),
  doc('--conf', 'file', 'Reads this file instead of ipsec.conf.'),
  doc('--conftest', '', 'Checks the configuration and starts nothing.'),
  doc(
    '--auto-update',
    'seconds',
    'Reads ipsec.conf again whenever it has changed, looking that often.',
  ),
  doc('--debug', '', 'The usual log; for start scripts that give it.'),
  doc('--debug-more', '', 'Logs more.'),
  doc('--debug-all', '', 'Logs everything but secrets.'),
  doc('--daemon', 'name', 'Ignored: there is one daemon.'),
  doc('--nolog', '', 'Ignored.'),
  doc('--attach-gdb', '', 'Ignored.'),
];

/** The option of listings. */
export const UTC_OPTION: IpsecDoc = doc('--utc', '', 'Times in UTC instead of local time.');
