import { CharonGateway } from '../lab/charon-gateway.ts';
import { STRONGSWAN } from '../lab/charon-programs.ts';
import { LibreswanGateway } from '../lab/libreswan-gateway.ts';
import { OpenIkedGateway } from '../lab/openiked-gateway.ts';
import type { PeerKind } from './peer-suite.ts';

/** strongSwan 6.1.0 as the peer. */
export const strongswan: PeerKind = {
  product: 'strongSwan',
  root: 'strongswan',
  needs: [],
  make: (host) => new CharonGateway(host, STRONGSWAN),
};

/** libreswan 5.2 as the peer. */
export const libreswan: PeerKind = {
  product: 'libreswan',
  root: 'libreswan',
  needs: ['libreswan'],
  make: (host) => new LibreswanGateway(host),
};

/** OpenIKED 7.4 as the peer. */
export const openiked: PeerKind = {
  product: 'OpenIKED',
  root: 'openiked',
  needs: ['openiked'],
  make: (host) => new OpenIkedGateway(host),
};
