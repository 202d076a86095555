import { peerSuite } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { forcedEncapsulation, hiddenByNat } from './scenarios.ts';

peerSuite(strongswan, [...hiddenByNat('moon'), ...hiddenByNat('sun'), ...forcedEncapsulation(4)]);

// Sites of their own: the router remembers for a while what it translated before.
peerSuite(strongswan, hiddenByNat('both'));
