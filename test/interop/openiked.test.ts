import { OpenIkedGateway } from '../lab/openiked-gateway.ts';
import { type PeerKind, peerSuite } from './peer-suite.ts';
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

const openiked: PeerKind = {
  product: 'OpenIKED',
  root: 'openiked',
  needs: ['openiked'],
  make: (host) => new OpenIkedGateway(host),
};

peerSuite(openiked, [
  ...BASIC,
  ...IPV6_TRANSPORT,
  WE_BEHIND_NAT,
  PEER_BEHIND_NAT,
  fragmented('moon', 2),
  fragmented('sun', 2),
  PEER_WANTS_COOKIE,
  WE_WANT_COOKIE,
  wrongFirstKe('moon'),
  wrongFirstKe('sun'),
  lossy('moon'),
  lossy('sun'),
]);
