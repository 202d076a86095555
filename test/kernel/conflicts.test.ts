import { expect, test } from 'vitest';
import { KernelInstaller } from '../../daemon/kernel/installer.ts';
import { MemoryJournal } from '../../daemon/kernel/memory-journal.ts';
import { NodeClock } from '../../daemon/runtime/node-clock.ts';
import { openNetlinkKernel } from '../../plugins/kernel-netlink/open.ts';
import { describeWith } from '../support/capability.ts';
import { childSaSpec } from '../support/child-sa-specs.ts';
import { MemoryLog } from '../support/memory-log.ts';
import { OwnNamespace } from '../support/own-namespace.ts';

const namespace = new OwnNamespace();

/** What `installTrap` makes of it: out, in and fwd between 10.1.0.0/16 and 10.2.0.0/16. */
const DIRECTIONS = [
  ['out', 'src 10.1.0.0/16 dst 10.2.0.0/16'],
  ['in', 'src 10.2.0.0/16 dst 10.1.0.0/16'],
  ['fwd', 'src 10.2.0.0/16 dst 10.1.0.0/16'],
] as const;

describeWith(['net-admin', 'xfrm'], 'state of others in our place', () => {
  namespace.forEach();

  async function installer() {
    const log = new MemoryLog();
    const { ipsec, net } = await openNetlinkKernel(log);
    const journal = new MemoryJournal();
    const settings = {
      installRoutes: false,
      routingTable: 220,
      routingTablePriority: 220,
      spiMin: 0xc0000000,
      spiMax: 0xcfffffff,
      reqidBase: 1,
    };
    const clock = new NodeClock();
    const one = new KernelInstaller({
      kernel: ipsec,
      net,
      clock,
      logger: log,
      journal,
      settings: () => settings,
    });
    return { one, journal, opened: [net, ipsec] };
  }

  test.each(DIRECTIONS)(
    'EEXIST: a policy %s that is there already is refused with a sentence, and stays',
    async (direction, between) => {
      const { one, journal, opened } = await installer();
      namespace.ip(`xfrm policy add dir ${direction} ${between} priority 4711`);
      const before = namespace.ip('xfrm policy list');
      await expect(one.installTrap(childSaSpec())).rejects.toThrow(
        new RegExp(`policy ${direction} .* that is not ours`),
      );
      expect(namespace.ip('xfrm policy list')).toBe(before);
      expect(journal.recorded()).toEqual([]);
      // Once it is gone there is nothing in the way.
      namespace.ip(`xfrm policy delete dir ${direction} ${between}`);
      const trap = await one.installTrap(childSaSpec());
      expect(namespace.ip('xfrm policy list').match(/dir (?:out|in|fwd)/g)).toHaveLength(3);
      await trap.remove();
      expect(namespace.ip('xfrm policy list')).toBe('');
      for (const part of opened) await part[Symbol.asyncDispose]();
    },
  );

  test.each(DIRECTIONS)(
    'ENOENT: a policy %s that somebody took away is no error when it goes',
    async (direction, between) => {
      const { one, journal, opened } = await installer();
      const trap = await one.installTrap(childSaSpec());
      namespace.ip(`xfrm policy delete dir ${direction} ${between}`);
      await trap.remove();
      expect(namespace.ip('xfrm policy list')).toBe('');
      expect(journal.recorded()).toEqual([]);
      for (const part of opened) await part[Symbol.asyncDispose]();
    },
  );

  test('ESRCH: a reserved SPI that somebody took away is given back all the same', async () => {
    const { one, journal, opened } = await installer();
    const { local, remote } = childSaSpec();
    const spi = await one.allocateSpi(local, remote, 50, 1);
    namespace.ip('xfrm state flush');
    await one.releaseSpi(local, remote, 50, spi);
    expect(namespace.ip('xfrm state list')).toBe('');
    expect(journal.recorded()).toEqual([]);
    for (const part of opened) await part[Symbol.asyncDispose]();
  });
});
