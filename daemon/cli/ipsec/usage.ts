/** What `ipsec --help` prints. */
export const USAGE = `ipsec command [arguments]

Commands:
	start|restart [--nofork] [--conf FILE] [--debug|--debug-more|--debug-all] [--auto-update SECONDS]
	update|reload|stop
	up|down|route|unroute|status|statusall [CONNECTION]
	down-srcip START [END]
	leases [POOL [ADDRESS]]
	listalgs|listpubkeys|listcerts [--utc]
	listcacerts|listaacerts|listocspcerts [--utc]
	listacerts|listgroups|listcainfos [--utc]
	listcrls|listocsp|listplugins|listall [--utc]
	listcounters|resetcounters [CONNECTION|all]
	rereadsecrets|rereadcacerts|rereadaacerts|rereadocspcerts
	rereadacerts|rereadcrls|rereadall
	purgecerts|purgecrls|purgeike|purgeocsp
	migrate
	--help
	--version|version
	--versioncode
	--copyright
	--directory
	--confdir
	--piddir

Refer to the ipsec(8) man page for details.
`;

export const COPYRIGHT = `charon-ts: an IKEv2 daemon for Linux.
Licensed under the Apache License, Version 2.0: there is NO WARRANTY, to the extent permitted by law.
`;
