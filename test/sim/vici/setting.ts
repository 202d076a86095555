import type { DaemonOptions } from '../../../daemon/config/options.ts';
import { value } from '../../../daemon/config/tree.ts';
import { places } from '../pair.ts';
import type { World } from '../world.ts';
import type { Auditor } from './auditor.ts';
import { Operator, tree, type Wanted } from './operator.ts';

/** Events that go to whoever registered. */
export const GLOBAL = [
  'log',
  'ike-updown',
  'ike-rekey',
  'ike-update',
  'child-updown',
  'child-rekey',
  'alert',
];

export const SECRET = 'a secret that nobody guesses';

/** What two gateways are told over VICI, each in its own words. */
export interface TwoSides {
  readonly moon?: Wanted;
  readonly carol?: Wanted;
  readonly moonChild?: Wanted;
  readonly carolChild?: Wanted;
  readonly moonOptions?: Partial<DaemonOptions>;
}

/** A connection `gw` with a child `net`, as a client of VICI writes it. */
export function connection(
  here: 'moon' | 'carol',
  wanted: Wanted = {},
  child: Wanted = {},
): Wanted {
  const there = here === 'moon' ? 'carol' : 'moon';
  return {
    gw: {
      local_addrs: [places[here].address],
      remote_addrs: [places[there].address],
      proposals: ['aes128gcm16-prfsha256-x25519'],
      ...wanted,
      local: { auth: 'psk', id: `${here}.example.org` },
      remote: { auth: 'psk', id: `${there}.example.org` },
      children: {
        net: {
          local_ts: [places[here].net],
          remote_ts: [places[there].net],
          esp_proposals: ['aes128gcm16'],
          ...child,
        },
      },
    },
  };
}

/** Two gateways that were given everything over VICI, with operators that watch all events. */
export async function twoSides(
  world: World,
  auditor: Auditor | undefined,
  sides: TwoSides = {},
): Promise<readonly [moon: Operator, carol: Operator]> {
  const operators: Operator[] = [];
  for (const name of ['moon', 'carol'] as const) {
    const { address, inside } = places[name];
    const options = name === 'moon' ? sides.moonOptions : undefined;
    const operator = await Operator.of(
      world,
      await world.host(name, [address, inside], options),
      auditor,
    );
    await operator.watch(...GLOBAL);
    await operator.ask('load-shared', [
      value('id', 'psk'),
      value('type', 'ike'),
      value('data', SECRET),
    ]);
    operators.push(operator);
  }
  const [moon, carol] = operators as [Operator, Operator];
  await carol.ask('load-conn', tree(connection('carol', sides.carol, sides.carolChild)));
  await moon.ask('load-conn', tree(connection('moon', sides.moon, sides.moonChild)));
  return [moon, carol];
}
