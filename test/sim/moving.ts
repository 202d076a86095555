import { expect } from 'vitest';
import type { IkeSaView } from '../../daemon/contracts/views.ts';
import { ip } from '../support/selectors.ts';
import { carry } from './carry.ts';
import { type PairSetup, pair, places } from './pair.ts';
import type { World } from './world.ts';
import type { WorldHost } from './world-host.ts';

/** An address in another network than those of {@link places}. */
export const ELSEWHERE = '198.51.100.7';

/** A tunnel between two hosts, of which the first may come from anywhere. */
export async function tunnel(
  world: World,
  setup: PairSetup = {},
): Promise<readonly [moon: WorldHost, carol: WorldHost]> {
  const both = await pair(world, {
    ...setup,
    moonConnection: {
      localAddrs: [{ kind: 'any', text: '%any' }],
      ...setup.connection,
      ...setup.moonConnection,
    },
    carolConnection: {
      localAddrs: [{ kind: 'any', text: '%any' }],
      remoteAddrs: [{ kind: 'any', text: '%any' }],
      ...setup.connection,
      ...setup.carolConnection,
    },
  });
  expect(await world.during(both[0].initiate('net'))).toEqual({ ok: true });
  return both;
}

/** What becomes of a packet each way between the networks behind the two hosts. */
export function flow(moon: WorldHost, carol: WorldHost): readonly string[] {
  const [inside, beyond] = [ip(places.moon.inside), ip(places.carol.inside)];
  const there = carry(moon.kernel, carol.kernel, { source: inside, destination: beyond });
  const back = carry(carol.kernel, moon.kernel, { source: beyond, destination: inside });
  return [there, back].map((fate) => (fate.kind === 'dropped' ? fate.why : fate.kind));
}

/** Both ways work. */
export const BOTH_WAYS = ['protected', 'protected'];

/** The ends of the one IKE_SA of a host. */
export function endsOf(host: WorldHost): readonly [local: string, remote: string] {
  const [sa, ...others] = host.established;
  if (sa === undefined || others.length > 0) throw new TypeError('not one IKE_SA');
  return [print(sa.localHost, sa.localPort), print(sa.remoteHost, sa.remotePort)];
}

/** Ends of the SAs in a host's kernel, `source > destination`, with ports where they encapsulate. */
export function kernelEnds(host: WorldHost): readonly string[] {
  return [...host.kernel.sas.values()]
    .map(({ id, sa }) =>
      sa?.encap === undefined
        ? `${id.source} > ${id.destination}`
        : `${print(id.source, sa.encap.sourcePort)} > ${print(id.destination, sa.encap.destinationPort)}`,
    )
    .sort();
}

/** Ends that `ike-update` told, and the local and remote host that the IKE_SA still had. */
export function updates(host: WorldHost): readonly string[] {
  return host.events.flatMap((event) =>
    event.kind === 'ike-update'
      ? [
          `${print(event.localHost, event.localPort)} ${print(event.remoteHost, event.remotePort)}, was ${was(event.ike)}`,
        ]
      : [],
  );
}

function was(ike: IkeSaView): string {
  return `${ike.localHost} ${ike.remoteHost}`;
}

function print(address: string, port: number): string {
  return `${address}[${port}]`;
}
