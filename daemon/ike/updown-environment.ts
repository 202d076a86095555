import type { ChildSaView, IkeSaView } from '../contracts/views.ts';
import { selectorShape } from '../kernel/selector-shape.ts';
import { familyOf, type IpAddress, ipBytes } from '../proto/ip-address.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { equalBytes } from '../util/bytes.ts';
import { hex32 } from '../util/hex.ts';

/** Whom a run of the updown script is about. */
export interface UpdownSubject {
  readonly up: boolean;
  readonly ike: IkeSaView;
  readonly child: ChildSaView;
  readonly local: TrafficSelector;
  readonly remote: TrafficSelector;
  /** Outbound interface towards the peer, if there is one. */
  readonly interfaceName: string | undefined;
  readonly hostAccess: boolean;
  /** DNS servers received, if the script wants them. */
  readonly dns: readonly IpAddress[];
}

const ICMP: ReadonlySet<number> = new Set([1, 58]);

/**
 * The variables of the updown script, as scripts written for pluto and charon expect them. What a peer chose stands in
 * values only.
 */
export function updownEnvironment(subject: UpdownSubject): Readonly<Record<string, string>> {
  const { up, ike, child, local, remote, interfaceName, hostAccess, dns } = subject;
  const { installed } = child;
  const ports = portsOf(local, remote);
  return {
    PLUTO_VERSION: '1.1',
    PLUTO_VERB: verb(up, ike, local),
    PLUTO_CONNECTION: child.name,
    PLUTO_INTERFACE: interfaceName ?? 'unknown',
    PLUTO_REQID: String(child.reqid),
    PLUTO_PROTO: installed?.protocol === 'AH' ? 'ah' : 'esp',
    PLUTO_UNIQUEID: String(ike.uniqueId),
    PLUTO_ME: ike.localHost,
    PLUTO_MY_ID: harmless(ike.localId),
    ...side('MY', local, ports.local),
    PLUTO_PEER: ike.remoteHost,
    PLUTO_PEER_ID: harmless(ike.remoteId),
    ...side('PEER', remote, ports.remote),
    ...(ike.remoteEapId === undefined ? {} : { PLUTO_XAUTH_ID: harmless(ike.remoteEapId) }),
    ...virtualIps('MY', ike.localVips),
    ...virtualIps('PEER', ike.remoteVips),
    ...mark('IN', installed?.markIn),
    ...mark('OUT', installed?.markOut),
    ...nonZero('PLUTO_IF_ID_IN', installed?.ifIdIn),
    ...nonZero('PLUTO_IF_ID_OUT', installed?.ifIdOut),
    ...(installed?.encap === true ? { PLUTO_UDP_ENC: String(ike.remotePort) } : {}),
    ...(installed?.cpiIn === undefined ? {} : { PLUTO_IPCOMP: '1' }),
    ...numbered('PLUTO_DNS', dns),
    ...(hostAccess ? { PLUTO_HOST_ACCESS: '1' } : {}),
  };
}

// Printed identities are printable ASCII. Careless scripts hand variables to a shell once more: what would make it do
// something else than read a word is taken out, because the peer chooses it.
function harmless(identity: string): string {
  return identity.replace(/[`$"'\\;|&<>]/g, '?');
}

// `host` if what is protected on our side is exactly our own address in IKE.
function verb(up: boolean, ike: IkeSaView, local: TrafficSelector): string {
  const own = ipBytes(ike.localHost);
  const isHost = equalBytes(local.startAddress, own) && equalBytes(local.endAddress, own);
  const suffix = local.family === 6 ? '-v6' : '';
  return `${up ? 'up' : 'down'}-${isHost ? 'host' : 'client'}${suffix}`;
}

function side(which: 'MY' | 'PEER', ts: TrafficSelector, port: string): Record<string, string> {
  const { network, prefix } = selectorShape(ts);
  return {
    [`PLUTO_${which}_CLIENT`]: `${network}/${prefix}`,
    [`PLUTO_${which}_PORT`]: port,
    [`PLUTO_${which}_PROTOCOL`]: String(ts.protocol),
  };
}

// Of ICMP the type goes to our side and the code to the peer's, whichever selector has them (RFC 4301 section 4.4.1.1 has
// both in one port).
function portsOf(
  local: TrafficSelector,
  remote: TrafficSelector,
): { readonly local: string; readonly remote: string } {
  const icmp = [local, remote].find((ts) => ICMP.has(ts.protocol) && !anyPort(ts));
  if (icmp === undefined) return { local: port(local), remote: port(remote) };
  return { local: String(icmp.startPort >>> 8), remote: String(icmp.startPort & 0xff) };
}

function port(ts: TrafficSelector): string {
  const { startPort, endPort } = ts;
  if (anyPort(ts)) return '0';
  return startPort === endPort ? String(startPort) : `${startPort}:${endPort}`;
}

function anyPort({ startPort, endPort }: TrafficSelector): boolean {
  return startPort === 0 && endPort === 0xffff;
}

function virtualIps(which: 'MY' | 'PEER', addresses: readonly IpAddress[]): Record<string, string> {
  const [first] = addresses;
  if (first === undefined) return {};
  return {
    [`PLUTO_${which}_SOURCEIP`]: first,
    ...numbered(`PLUTO_${which}_SOURCEIP`, addresses),
  };
}

/** Counted from one in each address family. */
function numbered(prefix: string, addresses: readonly IpAddress[]): Record<string, string> {
  const variables: Record<string, string> = {};
  const seen = { 4: 0, 6: 0 };
  for (const address of addresses) {
    const family = familyOf(address);
    variables[`${prefix}${family}_${++seen[family]}`] = address;
  }
  return variables;
}

function mark(
  direction: 'IN' | 'OUT',
  mark: { readonly value: number; readonly mask: number } | undefined,
): Record<string, string> {
  if (mark === undefined || (mark.value === 0 && mark.mask === 0)) return {};
  return { [`PLUTO_MARK_${direction}`]: `${mark.value >>> 0}/0x${hex32(mark.mask)}` };
}

function nonZero(name: string, number: number | undefined): Record<string, string> {
  return number === undefined || number === 0 ? {} : { [name]: String(number >>> 0) };
}
