import { peerSuite } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import {
  BASIC,
  fragmented,
  IPV6_TRANSPORT,
  lossy,
  PEER_BEHIND_NAT,
  PEER_WANTS_COOKIE,
  WE_BEHIND_NAT,
  WE_WANT_COOKIE,
  wrongFirstKe,
} from './scenarios.ts';

peerSuite(strongswan, [
  ...BASIC,
  ...IPV6_TRANSPORT,
  WE_BEHIND_NAT,
  PEER_BEHIND_NAT,
  fragmented('moon', 4),
  fragmented('sun', 4),
  PEER_WANTS_COOKIE,
  WE_WANT_COOKIE,
  wrongFirstKe('moon'),
  wrongFirstKe('sun'),
  lossy('moon'),
  lossy('sun'),
]);
