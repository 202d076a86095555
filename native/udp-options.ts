import type { NativeUdpSocket } from './addon.ts';
import { checked } from './errors.ts';
import { SOL_SOCKET, SocketOption } from './netlink-constants.ts';
import { int32 } from './netlink-socket.ts';
import type { Policy, PolicyDirection } from './types.ts';
import { EncapType } from './xfrm-constants.ts';
import { encodeSocketPolicy } from './xfrm-policy.ts';

const IPPROTO_IP = 0;
const IPPROTO_UDP = 17;
const IPPROTO_IPV6 = 41;
const IpOption = { MTU_DISCOVER: 10, PKTINFO: 8, XFRM_POLICY: 17 } as const;
const Ipv6Option = { MTU_DISCOVER: 23, V6ONLY: 26, XFRM_POLICY: 35, RECVPKTINFO: 49 } as const;
const UDP_ENCAP = 100;
const PMTUDISC_DONT = 0;

/** What a UDP socket is set to before it is bound. */
export interface UdpSocketSettings {
  readonly family: 4 | 6;
  /** Octets of kernel memory for what has not been read yet; 4 MiB unless said. */
  readonly receiveBuffer?: number;
  /** Octets of kernel memory for what is on its way out; the system's default unless said. */
  readonly sendBuffer?: number;
  /** Lets several sockets bind one port with different addresses; off unless said. */
  readonly reuseAddress?: boolean;
  /** ESP in UDP (RFC 3948) goes to the kernel's IPsec, everything else comes here. */
  readonly espInUdp?: boolean;
  /** What this socket sends and receives passes by the IPsec policies; needs CAP_NET_ADMIN. */
  readonly bypass?: boolean;
  /** SO_MARK of everything it sends; needs CAP_NET_ADMIN. */
  readonly mark?: number;
  /** Only this interface. */
  readonly interfaceName?: string;
}

/** Applies the settings in the order that Linux wants them; throws `NetlinkError` naming the one refused. */
export function applySettings(socket: NativeUdpSocket, settings: UdpSocketSettings): void {
  const ipv6 = settings.family === 6;
  const set = (what: string, level: number, name: number, value: Uint8Array): void => {
    checked(socket.setOption(level, name, value), what, 'setsockopt');
  };
  const on = int32(1);
  if (ipv6) {
    set('restrict a socket to IPv6', IPPROTO_IPV6, Ipv6Option.V6ONLY, on);
    set('ask for packet info', IPPROTO_IPV6, Ipv6Option.RECVPKTINFO, on);
  } else {
    set('ask for packet info', IPPROTO_IP, IpOption.PKTINFO, on);
  }
  // IKE messages bigger than the path MTU are fragmented on the way rather than lost.
  const dont = int32(PMTUDISC_DONT);
  if (ipv6) set('let IPv6 fragment', IPPROTO_IPV6, Ipv6Option.MTU_DISCOVER, dont);
  else set('allow fragmentation', IPPROTO_IP, IpOption.MTU_DISCOVER, dont);
  if (settings.reuseAddress === true) {
    set('share the address', SOL_SOCKET, SocketOption.REUSEADDR, on);
  }
  if (settings.interfaceName !== undefined) {
    const name = new TextEncoder().encode(`${settings.interfaceName}\0`);
    const what = `bind to interface ${settings.interfaceName}`;
    set(what, SOL_SOCKET, SocketOption.BINDTODEVICE, name);
  }
  if (settings.mark !== undefined) {
    set(
      `mark packets with ${settings.mark}`,
      SOL_SOCKET,
      SocketOption.MARK,
      int32(settings.mark | 0),
    );
  }
  if (settings.bypass === true) applyBypass(settings.family, set);
  if (settings.espInUdp === true) {
    set('take ESP in UDP', IPPROTO_UDP, UDP_ENCAP, int32(EncapType.ESPINUDP));
  }
  if (settings.sendBuffer !== undefined) {
    const what = `set a send buffer of ${settings.sendBuffer} octets`;
    set(what, SOL_SOCKET, SocketOption.SNDBUF, int32(settings.sendBuffer));
  }
  enlarge(socket, settings.receiveBuffer ?? 4 << 20);
}

function applyBypass(
  family: 4 | 6,
  set: (what: string, level: number, name: number, value: Uint8Array) => void,
): void {
  const level = family === 6 ? IPPROTO_IPV6 : IPPROTO_IP;
  const name = family === 6 ? Ipv6Option.XFRM_POLICY : IpOption.XFRM_POLICY;
  for (const direction of ['in', 'out'] as const) {
    set('exempt a socket from IPsec policies', level, name, bypassPolicy(family, direction));
  }
}

/** A policy that matches everything of its socket and lets it pass. */
function bypassPolicy(family: 4 | 6, direction: PolicyDirection): Uint8Array {
  const any = new Uint8Array(family === 4 ? 4 : 16);
  const policy: Policy = {
    selector: {
      src: any,
      dst: any,
      srcPrefix: 0,
      dstPrefix: 0,
      srcPort: 0,
      srcPortMask: 0,
      dstPort: 0,
      dstPortMask: 0,
      protocol: 0,
      ifindex: 0,
      user: 0,
    },
    direction,
    action: 'allow',
    priority: 0,
    flags: 0,
    templates: [],
  };
  return encodeSocketPolicy(policy);
}

// Without CAP_NET_ADMIN the kernel gives what net.core.rmem_max allows, which is no reason to fail.
function enlarge(socket: NativeUdpSocket, octets: number): void {
  if (socket.setOption(SOL_SOCKET, SocketOption.RCVBUFFORCE, int32(octets)) === 0) return;
  socket.setOption(SOL_SOCKET, SocketOption.RCVBUF, int32(octets));
}
