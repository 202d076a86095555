/** Names of IP protocols and of ports, as `/etc/protocols` and `/etc/services` give them. */
export interface ServiceNames {
  protocol(name: string): number | undefined;
  protocolName(protocol: number): string | undefined;
  /** `protocol` 0 looks a service up whatever its protocol. */
  port(name: string, protocol: number): number | undefined;
  portName(port: number, protocol: number): string | undefined;
}

/** One line of `/etc/services`; without protocols it is for TCP and UDP. */
export interface ServiceRow {
  readonly name: string;
  readonly port: number;
  readonly protocols?: readonly number[];
  readonly aliases?: readonly string[];
}

/** Lookup tables over rows; the first row of a number gives its name. */
export function serviceNames(
  protocols: readonly (readonly [name: string, protocol: number])[],
  services: readonly ServiceRow[],
): ServiceNames {
  const byName = new Map(protocols);
  const byNumber = new Map<number, string>();
  for (const [name, number] of protocols) if (!byNumber.has(number)) byNumber.set(number, name);
  const ports = new Map<string, number>();
  const names = new Map<string, string>();
  const first = <V>(map: Map<string, V>, key: string, value: V): void => {
    if (!map.has(key)) map.set(key, value);
  };
  for (const { name, port, protocols: only = [TCP, UDP], aliases = [] } of services) {
    for (const protocol of [0, ...only]) {
      for (const alias of [name, ...aliases]) first(ports, `${alias}/${protocol}`, port);
      first(names, `${port}/${protocol}`, name);
    }
  }
  return {
    protocol: (name) => byName.get(name),
    protocolName: (protocol) => byNumber.get(protocol),
    port: (name, protocol) => ports.get(`${name}/${protocol}`),
    portName: (port, protocol) => names.get(`${port}/${protocol}`),
  };
}

const TCP = 6;
const UDP = 17;
const row = (port: number, name: string, ...aliases: string[]): ServiceRow => ({
  port,
  name,
  aliases,
});

/** The common protocols and services, for where the system's files are not read. */
export const COMMON_SERVICE_NAMES: ServiceNames = serviceNames(
  [
    ['icmp', 1],
    ['igmp', 2],
    ['ipencap', 4],
    ['tcp', TCP],
    ['udp', UDP],
    ['dccp', 33],
    ['ipv6', 41],
    ['rsvp', 46],
    ['gre', 47],
    ['esp', 50],
    ['ah', 51],
    ['ipv6-icmp', 58],
    ['icmp6', 58],
    ['icmpv6', 58],
    ['eigrp', 88],
    ['ospf', 89],
    ['ipip', 94],
    ['encap', 98],
    ['pim', 103],
    ['ipcomp', 108],
    ['vrrp', 112],
    ['l2tp', 115],
    ['sctp', 132],
    ['mobility-header', 135],
    ['udplite', 136],
  ],
  [
    row(20, 'ftp-data'),
    row(21, 'ftp'),
    row(22, 'ssh'),
    row(23, 'telnet'),
    row(25, 'smtp', 'mail'),
    row(53, 'domain'),
    row(67, 'bootps'),
    row(68, 'bootpc'),
    row(69, 'tftp'),
    row(80, 'http', 'www'),
    row(88, 'kerberos'),
    row(110, 'pop3', 'pop-3'),
    row(111, 'sunrpc', 'portmapper'),
    row(123, 'ntp'),
    row(137, 'netbios-ns'),
    row(138, 'netbios-dgm'),
    row(139, 'netbios-ssn'),
    row(143, 'imap2', 'imap'),
    row(161, 'snmp'),
    row(162, 'snmp-trap', 'snmptrap'),
    row(179, 'bgp'),
    row(389, 'ldap'),
    row(443, 'https'),
    row(445, 'microsoft-ds'),
    row(500, 'isakmp'),
    { port: 514, name: 'shell', protocols: [TCP] },
    { port: 514, name: 'syslog', protocols: [UDP] },
    row(546, 'dhcpv6-client'),
    row(547, 'dhcpv6-server'),
    row(587, 'submission'),
    row(636, 'ldaps'),
    row(873, 'rsync'),
    row(993, 'imaps'),
    row(995, 'pop3s'),
    row(1194, 'openvpn'),
    row(1433, 'ms-sql-s'),
    row(1701, 'l2f', 'l2tp'),
    row(1812, 'radius'),
    row(1813, 'radius-acct', 'radacct'),
    row(2049, 'nfs'),
    row(3306, 'mysql'),
    row(3389, 'ms-wbt-server'),
    row(4500, 'ipsec-nat-t'),
    row(5060, 'sip'),
    row(5061, 'sip-tls'),
    row(5432, 'postgresql'),
    row(6379, 'redis'),
    row(8080, 'http-alt'),
  ],
);
