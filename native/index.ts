/** What the package `node-netlink-xfrm` offers. Importing it loads no addon and opens nothing. */
export { loadAddon } from './addon.ts';
export { AddonLoadError, NetlinkDecodeError, NetlinkError } from './errors.ts';
export { LocalDatagramSocket } from './local-datagram.ts';
export type { OpenTransport } from './netlink-channel.ts';
export type { DatagramHandler, NetlinkTransport } from './netlink-socket.ts';
export type { Watcher } from './netlink-watcher.ts';
export { type PeerCredentials, peerCredentials } from './peer-credentials.ts';
export { RouteClient } from './rtnetlink-client.ts';
export {
  AddressFlag,
  LinkFlag,
  RouteProtocol,
  RouteScope,
  RouteTable,
  RouteType,
  RtGroup,
  RuleAction,
} from './rtnetlink-constants.ts';
export type { XfrmLink } from './rtnetlink-link.ts';
export type { RouteLookup } from './rtnetlink-route.ts';
export type * from './types.ts';
export type { OutboundDatagram } from './udp-send-queue.ts';
export { type DatagramBatch, UdpSocket, type UdpSocketOptions } from './udp-socket.ts';
export { type ClientOptions, XfrmClient } from './xfrm-client.ts';
export { UNLIMITED } from './xfrm-common.ts';
export {
  EncapType,
  OffloadFlag,
  PolicyFlag,
  SaExtraFlag,
  SaFlag,
  XFRM_INF,
  XfrmGroup,
  XfrmMode,
} from './xfrm-constants.ts';
export type { AllocSpi } from './xfrm-sa.ts';
