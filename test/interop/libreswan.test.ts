import { LibreswanGateway } from '../lab/libreswan-gateway.ts';
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

const libreswan: PeerKind = {
  product: 'libreswan',
  root: 'libreswan',
  needs: ['libreswan'],
  make: (host) => new LibreswanGateway(host),
};

peerSuite(libreswan, [
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
