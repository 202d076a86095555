import type { ChildConfig, ConnectionConfig } from '../../daemon/config/connection-types.ts';
import type { DaemonOptions } from '../../daemon/config/options.ts';
import { parseProposals } from '../../daemon/config/proposals-text.ts';
import type { Crypto } from '../../daemon/contracts/crypto.ts';
import type { Processes } from '../../daemon/contracts/processes.ts';
import { parseIdentity } from '../../daemon/proto/identity-text.ts';
import { authRound, childConfig, connectionConfig, hostSpec } from '../support/connections.ts';
import { ts } from '../support/selectors.ts';
import { simCrypto, type World } from './world.ts';
import type { WorldHost } from './world-host.ts';

/** What two hosts agree on, and where they differ from the plain case. */
export interface PairSetup {
  readonly options?: Partial<DaemonOptions>;
  readonly moonOptions?: Partial<DaemonOptions>;
  readonly carolOptions?: Partial<DaemonOptions>;
  readonly connection?: Partial<ConnectionConfig>;
  readonly moonConnection?: Partial<ConnectionConfig>;
  readonly carolConnection?: Partial<ConnectionConfig>;
  readonly child?: Partial<ChildConfig>;
  readonly moonChild?: Partial<ChildConfig>;
  readonly carolChild?: Partial<ChildConfig>;
  readonly ike?: string;
  readonly moonIke?: string;
  readonly carolIke?: string;
  readonly esp?: string;
  readonly moonEsp?: readonly string[];
  readonly carolEsp?: readonly string[];
  readonly secret?: string;
  readonly carolSecret?: string | undefined;
  readonly carolCrypto?: Crypto;
  /** What runs the updown scripts of both. */
  readonly processes?: Processes;
}

/** The address of each host and the network behind it. */
export const places = {
  moon: { address: '192.0.2.1', inside: '10.1.0.1', net: '10.1.0.0/16' },
  carol: { address: '192.0.2.2', inside: '10.2.0.1', net: '10.2.0.0/16' },
} as const;

/**
 * Two gateways with a connection `gw` and a child `net` to each other: PSK, X25519, AES-GCM. Either may
 * initiate.
 */
export async function pair(
  world: World,
  setup: PairSetup = {},
): Promise<readonly [moon: WorldHost, carol: WorldHost]> {
  const moon = await world.host(
    'moon',
    [places.moon.address, places.moon.inside],
    { ...setup.options, ...setup.moonOptions },
    undefined,
    setup.processes,
  );
  const carol = await world.host(
    'carol',
    [places.carol.address, places.carol.inside],
    { ...setup.options, ...setup.carolOptions },
    setup.carolCrypto,
    setup.processes,
  );
  const secret = setup.secret ?? 'a secret that nobody guesses';
  moon.secret(secret);
  const carolSecret = 'carolSecret' in setup ? setup.carolSecret : secret;
  if (carolSecret !== undefined) carol.secret(carolSecret);
  world.configs.set(moon, [connectionOf(setup, 'moon', 'carol')]);
  world.configs.set(carol, [connectionOf(setup, 'carol', 'moon')]);
  // The responder first, in case the other has something to start at once.
  for (const host of [carol, moon]) {
    for (const config of world.configs.get(host) ?? []) await host.load(config);
  }
  return [moon, carol];
}

/** The connection of one side of a pair. */
export function connectionOf(
  setup: PairSetup,
  here: 'moon' | 'carol',
  there: 'moon' | 'carol',
): ConnectionConfig {
  const crypto = simCrypto();
  const id = (name: string) => parseIdentity(`${name}.example.org`, { allowRegex: false });
  const own = here === 'moon' ? setup.moonConnection : setup.carolConnection;
  const ownChild = here === 'moon' ? setup.moonChild : setup.carolChild;
  const ike =
    (here === 'moon' ? setup.moonIke : setup.carolIke) ??
    setup.ike ??
    'aes128gcm16-prfsha256-x25519';
  const esp = (here === 'moon' ? setup.moonEsp : setup.carolEsp) ?? [setup.esp ?? 'aes128gcm16'];
  const child = childConfig('net', {
    proposals: parseProposals('esp', esp, crypto),
    localTs: [{ kind: 'fixed', selector: ts(places[here].net) }],
    remoteTs: [{ kind: 'fixed', selector: ts(places[there].net) }],
    ...setup.child,
    ...ownChild,
  });
  return connectionConfig('gw', {
    localAddrs: [hostSpec(places[here].address)],
    remoteAddrs: [hostSpec(places[there].address)],
    proposals: parseProposals('ike', ike.split(','), crypto),
    local: [authRound({ id: id(here) })],
    remote: [authRound({ id: id(there) })],
    children: new Map([[child.name, child]]),
    ...setup.connection,
    ...own,
  });
}
