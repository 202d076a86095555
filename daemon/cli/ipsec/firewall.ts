/** A command line that lets traffic of a CHILD_SA pass. */
export type Rule = readonly string[];

type Variables = ReadonlyMap<string, string>;

/** Names that iptables wants before it takes ports. */
const PROTOCOLS: ReadonlyMap<string, string> = new Map([
  ['1', 'icmp'],
  ['6', 'tcp'],
  ['17', 'udp'],
  ['58', 'icmpv6'],
  ['132', 'sctp'],
]);

/**
 * What `leftfirewall = yes` does when a CHILD_SA goes up or down: the iptables(8) commands that let in and out what its
 * policies protect, and nothing else; `undefined` if these are not the variables of an updown script (PLUTO_VERSION 1.1).
 * Forwarded traffic passes where a network is behind this host, traffic of the host itself where its own or a virtual
 * address is protected, or with `lefthostaccess = yes`.
 */
export function firewallRules(variables: Variables): readonly Rule[] | undefined {
  const [, what, where, six] =
    /^(up|down)-(host|client)(-v6)?$/.exec(variables.get('PLUTO_VERB') ?? '') ?? [];
  const [mine, peers] = [variables.get('PLUTO_MY_CLIENT'), variables.get('PLUTO_PEER_CLIENT')];
  if (variables.get('PLUTO_VERSION') !== '1.1' || what === undefined) return undefined;
  if (mine === undefined || peers === undefined) return undefined;
  const own = where === 'host' || isVirtualIp(mine, variables);
  const chains = [
    ...(own ? [] : (['FORWARD', 'FORWARD'] as const)),
    ...(own || variables.get('PLUTO_HOST_ACCESS') === '1' ? (['OUTPUT', 'INPUT'] as const) : []),
  ];
  const program = six === undefined ? 'iptables' : 'ip6tables';
  const action = (chain: string): Rule => (what === 'up' ? ['-I', chain, '1'] : ['-D', chain]);
  const rules = chains.map((chain, i): Rule => {
    const match = i % 2 === 0 ? outbound(variables, mine, peers) : inbound(variables, mine, peers);
    return [program, '--wait', ...action(chain), ...match, '-j', 'ACCEPT'];
  });
  return [...rules, ...uncompressed(variables, program, action)];
}

/** One of the addresses that the peer gave us. */
function isVirtualIp(client: string, variables: Variables): boolean {
  const [address, prefix] = client.split('/');
  if (prefix !== (address?.includes(':') ? '128' : '32')) return false;
  return [...variables].some(
    ([name, value]) => /^PLUTO_MY_SOURCEIP/.test(name) && value === address,
  );
}

function outbound(variables: Variables, mine: string, peers: string): Rule {
  const ports = portMatch(variables, { source: 'MY', destination: 'PEER' });
  return [
    ...device('-o', variables),
    '-s',
    mine,
    '-d',
    peers,
    ...ports,
    ...policy('out', variables),
  ];
}

function inbound(variables: Variables, mine: string, peers: string): Rule {
  const ports = portMatch(variables, { source: 'PEER', destination: 'MY' });
  return [
    ...device('-i', variables),
    '-s',
    peers,
    '-d',
    mine,
    ...ports,
    ...policy('in', variables),
  ];
}

function device(option: '-i' | '-o', variables: Variables): Rule {
  const name = variables.get('PLUTO_INTERFACE') ?? 'unknown';
  return name === 'unknown' ? [] : [option, name];
}

function policy(direction: 'in' | 'out', variables: Variables): Rule {
  const proto = variables.get('PLUTO_PROTO') ?? 'esp';
  const reqid = variables.get('PLUTO_REQID') ?? '0';
  return ['-m', 'policy', '--pol', 'ipsec', '--proto', proto, '--reqid', reqid, '--dir', direction];
}

type End = 'MY' | 'PEER';

function portMatch(
  variables: Variables,
  { source, destination }: { readonly source: End; readonly destination: End },
): Rule {
  const number = variables.get('PLUTO_MY_PROTOCOL') ?? '0';
  if (number === '0') return [];
  const protocol = PROTOCOLS.get(number) ?? number;
  const port = (end: End): string => variables.get(`PLUTO_${end}_PORT`) ?? '0';
  if (protocol.startsWith('icmp')) {
    const type = port('MY') === '0' ? [] : [`--${protocol}-type`, `${port('MY')}/${port('PEER')}`];
    return ['-p', protocol, ...type];
  }
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) return ['-p', protocol];
  const matches = [
    ['--sport', port(source)],
    ['--dport', port(destination)],
  ].filter(([, value]) => value !== '0');
  return ['-p', protocol, ...matches.flat()];
}

/** IPComp leaves small packets as they are, in an IP header (RFC 3173 section 2.2): they come in as protocol 4. */
function uncompressed(
  variables: Variables,
  program: string,
  action: (chain: string) => Rule,
): readonly Rule[] {
  const [own, peer] = [variables.get('PLUTO_ME'), variables.get('PLUTO_PEER')];
  if (variables.get('PLUTO_IPCOMP') !== '1' || own === undefined || peer === undefined) return [];
  // the addresses of the outer header, which may be of the other family than what is protected
  const outer = own.includes(':') ? 'ip6tables' : 'iptables';
  const inner = program === 'ip6tables' ? '41' : '4';
  const match = [...device('-i', variables), '-p', inner, '-s', peer, '-d', own];
  return [
    [outer, '--wait', ...action('INPUT'), ...match, ...policy('in', variables), '-j', 'ACCEPT'],
  ];
}
