import type { ConnectionConfig } from '../../daemon/config/connection-types.ts';
import type { DaemonOptions } from '../../daemon/config/options.ts';
import { parseIdentity } from '../../daemon/proto/identity-text.ts';
import type { SelectorConfig } from '../../daemon/proto/traffic-selector-text.ts';
import { authRound, hostSpec } from '../support/connections.ts';
import { ip } from '../support/selectors.ts';
import { connectionOf, places } from './pair.ts';
import type { World } from './world.ts';
import type { WorldHost } from './world-host.ts';

/** `dynamic` of swanctl.conf: the address of the IKE_SA's end, or its virtual IPs. */
export const dynamic: SelectorConfig = {
  kind: 'dynamic',
  upper: { protocol: 0, startPort: 0, endPort: 65535 },
};

const SECRET = 'a secret that nobody guesses';

/** A gateway `carol` with a connection `gw` for everybody, whose peers get addresses of the pools `a`, `b` and `c`. */
export async function gateway(
  world: World,
  members: Partial<ConnectionConfig> = {},
  options: Partial<DaemonOptions> = {},
): Promise<WorldHost> {
  const carol = await world.host('carol', [places.carol.address, places.carol.inside], options);
  carol.secret(SECRET);
  const setup = { carolChild: { remoteTs: [dynamic] } };
  const config: ConnectionConfig = {
    ...connectionOf(setup, 'carol', 'moon'),
    remoteAddrs: [{ kind: 'any', text: '%any' }],
    remote: [authRound()],
    pools: ['a', 'b', 'c'],
    ...members,
  };
  world.configs.set(carol, [config]);
  await carol.load(config);
  return carol;
}

/** The n-th client, called `peer-n` unless said, which asks that gateway for an address. */
export async function roadwarrior(
  world: World,
  n: number,
  members: Partial<ConnectionConfig> = {},
  name = `peer-${n}`,
): Promise<WorldHost> {
  const address = `198.51.${100 + Math.floor(n / 250)}.${1 + (n % 250)}`;
  const host = await world.host(`client-${n}`, [address]);
  host.secret(SECRET);
  const setup = { moonChild: { localTs: [dynamic] } };
  await host.load({
    ...connectionOf(setup, 'moon', 'carol'),
    localAddrs: [hostSpec(address)],
    local: [authRound({ id: parseIdentity(name, { allowRegex: false }) })],
    vips: [ip('0.0.0.0')],
    ...members,
  });
  return host;
}
