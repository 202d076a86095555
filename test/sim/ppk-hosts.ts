import { expect } from 'vitest';
import type { ConnectionConfig } from '../../daemon/config/connection-types.ts';
import { parseIdentity } from '../../daemon/proto/identity-text.ts';
import { utf8 } from '../../daemon/util/bytes.ts';
import { Secret } from '../../daemon/util/secret.ts';
import { ip } from '../support/selectors.ts';
import { carry } from './carry.ts';
import { type PairSetup, pair, places } from './pair.ts';
import { World, type WorldOptions } from './world.ts';
import type { WorldHost } from './world-host.ts';

/** What one side has of PPKs: the setting of its connection, and a loaded secret by its PPK_ID. */
export interface Side {
  readonly id?: string;
  readonly required?: boolean;
  readonly loaded?: string;
  readonly secret?: string;
}

export const ID = 'ppk-of-moon-and-carol';
export const KNOWN: Side = { id: ID, loaded: ID };
export const REQUIRED: Side = { ...KNOWN, required: true };

function load(host: WorldHost, { loaded, secret = 'sixty-four octets of a quantum key' }: Side) {
  if (loaded === undefined) return;
  host.daemon.sharedKeys.load({
    type: 'ppk',
    data: new Secret(utf8(secret)),
    owners: [parseIdentity(loaded, { allowRegex: true })],
  });
}

function settings({ id, required = false }: Side): Partial<ConnectionConfig> {
  return {
    ppkRequired: required,
    ...(id !== undefined && { ppkId: parseIdentity(id, { allowRegex: true }) }),
  };
}

/** Two hosts with PPKs. */
export interface PpkHosts extends AsyncDisposable {
  readonly world: World;
  readonly moon: WorldHost;
  readonly carol: WorldHost;
  readonly log: (host: WorldHost) => string;
}

/** Makes both. */
export async function ppkHosts(
  moonSide: Side,
  carolSide: Side,
  setup: PairSetup = {},
  options: WorldOptions = {},
): Promise<PpkHosts> {
  const world = new World(options);
  const [moon, carol] = await pair(world, {
    ...setup,
    moonConnection: { ...setup.moonConnection, ...settings(moonSide) },
    carolConnection: { ...setup.carolConnection, ...settings(carolSide) },
  });
  load(moon, moonSide);
  load(carol, carolSide);
  return {
    world,
    moon,
    carol,
    log: (host) => host.lines.join('\n'),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

/** Packets are carried in both directions, and protected. */
export function expectTraffic(moon: WorldHost, carol: WorldHost): void {
  const there = { source: ip(places.moon.inside), destination: ip(places.carol.inside) };
  const back = { source: ip(places.carol.inside), destination: ip(places.moon.inside) };
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
  expect(carry(carol.kernel, moon.kernel, back).kind).toBe('protected');
}
