import type { IpsecFiles } from '../lab/ipsec-host.ts';
import { ADDRESSES, otherSide, type Side } from '../lab/plan.ts';
import { TestCa } from '../sim/pki.ts';

const ca = new TestCa('Lab CA', { key: 'p256' });
const NAMES = { moon: 'moon.example.org', sun: 'sun.example.org' } as const;
const ROAD_WARRIOR = 'carol.example.org';

/** Addresses of the gateways that the trap connects, the pool, and the secret of both. */
export const TRAP = { moon: '10.51.0.1', sun: '10.52.0.1' } as const;
export const POOL = '10.77.0.0/24';
const SECRET = 'ush6Ooyu-lab';

/**
 * The files of one gateway for all set-ups at once: `net` (site to site), `host` (host to host) and `trap` (routed) share
 * their IKE part and a shared key; with `rw` moon is a road warrior with a certificate and sun has the pool.
 */
export function setUpFiles(side: Side): IpsecFiles {
  const other = otherSide(side);
  const [own, peer] = [ADDRESSES[side][4], ADDRESSES[other][4]];
  const conf = `# set-ups of ${side}
config setup
  uniqueids=yes
  charondebug="ike 1, cfg 1"

conn %default
  keyexchange=ikev2
  ike=aes128gcm16-prfsha256-x25519!
  esp=aes128gcm16!
  mobike=no

conn gateways
  left=${own.gateway}
  leftid=@${NAMES[side]}
  right=${peer.gateway}
  rightid=@${NAMES[other]}
  authby=psk

conn net
  also=gateways
  leftsubnet=${own.net}
  rightsubnet=${peer.net}
  auto=add

conn host
  also=gateways
  type=transport
  auto=add

conn trap
  also=gateways
  leftsubnet=${TRAP[side]}/32
  rightsubnet=${TRAP[other]}/32
  auto=route

${side === 'moon' ? ROAD_WARRIOR_CONF : SERVER_CONF}`;
  const name = side === 'moon' ? ROAD_WARRIOR : NAMES.sun;
  return {
    conf,
    secrets: `@${NAMES.moon} @${NAMES.sun} : PSK "${SECRET}"\n: ECDSA own.pem\n`,
    own: ca.issue(name, { dns: [name] }),
    cas: [ca.self],
  };
}

const ROAD_WARRIOR_CONF = `conn rw
  left=${ADDRESSES.moon[4].gateway}
  leftcert=own.pem
  leftid=@${ROAD_WARRIOR}
  leftsourceip=%config
  right=${ADDRESSES.sun[4].gateway}
  rightid=@${NAMES.sun}
  rightsubnet=${ADDRESSES.sun[4].net}
  auto=add
`;

const SERVER_CONF = `conn rw
  left=${ADDRESSES.sun[4].gateway}
  leftcert=own.pem
  leftid=@${NAMES.sun}
  leftsubnet=${ADDRESSES.sun[4].net}
  right=%any
  rightid=*.example.org
  rightauth=pubkey
  rightca="CN=Lab CA"
  rightsourceip=${POOL}
  auto=add
`;
