import { peerSuite } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { FORCED_ENCAPSULATION, hiddenByNat } from './scenarios.ts';

peerSuite(strongswan, [...hiddenByNat('moon'), ...hiddenByNat('sun'), ...FORCED_ENCAPSULATION]);

// Sites of their own: the router remembers for a while what it translated before.
peerSuite(strongswan, hiddenByNat('both'));
