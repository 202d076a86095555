import { peerSuite, type Scenario } from './peer-suite.ts';
import { openiked } from './peers.ts';
import {
  BASIC,
  fragmented,
  IPV6_TRANSPORT,
  lossy,
  PEER_BEHIND_NAT,
  WE_BEHIND_NAT,
  WE_WANT_COOKIE,
  wrongFirstKe,
} from './scenarios.ts';

const scenarios: readonly Scenario[] = [
  ...BASIC,
  ...IPV6_TRANSPORT,
  WE_BEHIND_NAT,
  PEER_BEHIND_NAT,
  fragmented('moon', 2),
  fragmented('sun', 2),
  WE_WANT_COOKIE,
  wrongFirstKe('moon'),
  wrongFirstKe('sun'),
  lossy('moon'),
  lossy('sun'),
];

// on Linux iked's ESP knows neither AES-GCM nor HMAC-SHA2-256
peerSuite(
  openiked,
  scenarios.map((scenario) => ({ ...scenario, plan: { ...scenario.plan, esp: 'aes128-sha512' } })),
);
