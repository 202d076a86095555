import { peerSuite, type Scenario } from './peer-suite.ts';
import { libreswan } from './peers.ts';
import { hiddenByNat } from './scenarios.ts';

// As responder libreswan does not put addresses into selectors that a NAT made differ (RFC 7296 section 2.23.1): it finds no
// connection. As initiator it connects again when we close.
const scenarios = [...hiddenByNat('moon'), ...hiddenByNat('sun')]
  .filter(({ plan, initiator }) => plan?.mode === 'transport' && initiator === 'sun')
  .map((scenario): Scenario => ({ ...scenario, terminator: 'sun' }));

peerSuite(libreswan, scenarios);
