import { expect, test } from 'vitest';
import { openTransport } from '../../plugins/socket-netlink/open.ts';
import { describeWith } from '../support/capability.ts';
import { MemoryLog } from '../support/memory-log.ts';
import { until } from '../support/native-values.ts';
import { OwnNamespace } from '../support/own-namespace.ts';
import { ip } from '../support/selectors.ts';

const namespace = new OwnNamespace();

describeWith(['net-admin'], 'socket-netlink', () => {
  namespace.forEach();

  test.each([0x42, 0])('fwmark: packets with mark %i go where rules for it say', async (mark) => {
    namespace.ip('link set lo up');
    namespace.ip('route add unreachable 127.0.0.0/8 table 99');
    namespace.ip('rule add pref 0 fwmark 0x42 table 99');
    namespace.ip('rule add pref 1 table local');
    namespace.ip('rule delete pref 0 table local');
    const log = new MemoryLog(1);
    const transport = await openTransport(
      { ikePort: 0, nattPort: 0, ipv4: true, ipv6: false, mark },
      log,
    );
    let heard = 0;
    transport.onDatagram(() => heard++);
    const own = { address: ip('127.0.0.1'), port: transport.ikePort };
    transport.send({ ...own, address: ip('0.0.0.0') }, own, Uint8Array.of(1));
    const refused = (): boolean => log.lines.some((line) => /unreachable|sendmmsg/i.test(line));
    await until(() => heard > 0 || refused(), 'an outcome');
    expect([heard, refused()]).toEqual(mark === 0 ? [1, false] : [0, true]);
    await transport[Symbol.asyncDispose]();
  });
});
