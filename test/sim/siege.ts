import { expect } from 'vitest';
import { type PairSetup, pair, places } from './pair.ts';
import { Puppet } from './puppet.ts';
import { World, type WorldOptions } from './world.ts';
import type { WorldHost } from './world-host.ts';

/** A gateway that accepts anybody who knows the secret, an honest client, and room for attackers. */
export interface Siege extends AsyncDisposable {
  readonly world: World;
  readonly client: WorldHost;
  readonly gateway: WorldHost;
  /** A new attacker at an address of its own. */
  puppet(): Puppet;
  /** What every security test ends with: the gateway kept nothing, and serves the honest client as before. */
  expectAlive(): Promise<void>;
}

/** Lines that no input from the network may ever cause. */
const ownFault =
  /internal error|TypeError|RangeError|InternalError|is not a function|undefined \(reading/;

export async function siege(setup: PairSetup = {}, options: WorldOptions = {}): Promise<Siege> {
  const world = new World(options);
  const [client, gateway] = await pair(world, {
    ...setup,
    carolOptions: { dos_protection: false, ...setup.carolOptions },
    carolConnection: { remoteAddrs: [{ kind: 'any', text: '%any' }], ...setup.carolConnection },
  });
  let attackers = 0;
  return {
    world,
    client,
    gateway,
    puppet() {
      attackers += 1;
      const address = `198.51.${100 + Math.floor(attackers / 250)}.${1 + (attackers % 250)}`;
      return new Puppet(world, address, places.carol.address);
    },
    async expectAlive() {
      expect(gateway.lines.filter((line) => ownFault.test(line))).toEqual([]);
      await world.settle(() => gateway.sas.every((sa) => sa.state === 'ESTABLISHED'));
      for (const sa of gateway.sas) {
        await world.during(gateway.terminate({ ike: sa.name }, true));
      }
      await world.settle(() => gateway.sas.length + client.sas.length === 0);
      expect(await world.during(client.initiate('net'))).toEqual({ ok: true });
      await world.during(client.terminate({ ike: 'gw' }));
      await world.settle(() => gateway.sas.length + client.sas.length === 0);
      expect(gateway.kernel.empty).toBe(true);
      expect(gateway.journal.recorded()).toEqual([]);
      expect(gateway.daemon.manager.guard.halfOpen).toBe(0);
      expect(gateway.daemon.manager.scheduled).toBe(0);
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}
