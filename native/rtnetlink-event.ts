import { NetlinkDecodeError } from './errors.ts';
import type { NetlinkMessage } from './nlmsg.ts';
import { RtMsg } from './rtnetlink-constants.ts';
import { decodeAddress, decodeLink } from './rtnetlink-link.ts';
import { decodeRoute, decodeRule } from './rtnetlink-route.ts';
import type { RouteEvent } from './types.ts';

/** Reads a message of the rtnetlink multicast groups; one that is malformed becomes an event that says so. */
export function decodeRouteEvent(message: NetlinkMessage): RouteEvent {
  try {
    return decode(message);
  } catch (error) {
    if (error instanceof NetlinkDecodeError) return { kind: 'malformed', reason: error.message };
    throw error;
  }
}

function decode({ type, body }: NetlinkMessage): RouteEvent {
  switch (type) {
    case RtMsg.NEWADDR:
    case RtMsg.DELADDR:
      return { kind: 'address', gone: type === RtMsg.DELADDR, address: decodeAddress(body) };
    case RtMsg.NEWLINK:
    case RtMsg.DELLINK:
      return { kind: 'link', gone: type === RtMsg.DELLINK, link: decodeLink(body) };
    case RtMsg.NEWROUTE:
    case RtMsg.DELROUTE:
      return { kind: 'route', gone: type === RtMsg.DELROUTE, route: decodeRoute(body) };
    case RtMsg.NEWRULE:
    case RtMsg.DELRULE:
      return { kind: 'rule', gone: type === RtMsg.DELRULE, rule: decodeRule(body) };
    default:
      return { kind: 'other', type, body: body.slice() };
  }
}
