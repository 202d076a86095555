import { expect, test } from 'vitest';
import type { IkeSaView } from '../../../daemon/control/views.ts';
import { latin1 } from '../../../daemon/util/bytes.ts';
import { PacketType as P } from '../../../daemon/vici/packet.ts';
import { ikeSaView } from '../../support/fake-control.ts';
import { type RawClient, type RawPacket, ViciBench } from '../../support/vici.ts';

/** Number of the IKE_SA in a `list-sa` event. */
function numberOf(packet: RawPacket | undefined): number | undefined {
  const [sa] = packet?.message.tree ?? [];
  const [first] = sa?.kind === 'section' ? sa.entries : [];
  return first?.kind === 'value' ? Number(latin1(first.value)) : undefined;
}

async function asks(bench: ViciBench, registrations = 1): Promise<RawClient> {
  const client = await bench.raw();
  for (let i = 0; i < registrations; i++) {
    client.send(P.EVENT_REGISTER, 'list-sa');
    expect((await client.next())?.type).toBe(P.EVENT_CONFIRM);
  }
  client.send(P.CMD_REQUEST, 'list-sas');
  return client;
}

test('what is known is sent while the kernel takes its time for the next one', async () => {
  await using bench = await ViciBench.start();
  const waiting = Promise.withResolvers<IkeSaView | undefined>();
  bench.control.listSas = function* () {
    yield ikeSaView({ uniqueId: 1 });
    yield ikeSaView({ uniqueId: 2 });
    yield waiting.promise;
    // Gone by now.
    yield Promise.resolve(undefined);
    yield ikeSaView({ uniqueId: 4 });
  };
  using client = await asks(bench);
  expect(numberOf(await client.next())).toBe(1);
  expect(numberOf(await client.next())).toBe(2);
  waiting.resolve(ikeSaView({ uniqueId: 3 }));
  expect(numberOf(await client.next())).toBe(3);
  expect(numberOf(await client.next())).toBe(4);
  expect((await client.next())?.type).toBe(P.CMD_RESPONSE);
});

test('an event that cannot be made ends the list; what was written before it arrives, then the answer', async () => {
  await using bench = await ViciBench.start();
  bench.control.listSas = function* () {
    yield ikeSaView({ uniqueId: 1 });
    yield Promise.reject(new Error('no such thing'));
  };
  using client = await asks(bench);
  expect(numberOf(await client.next())).toBe(1);
  const answer = await client.next();
  expect(answer?.type).toBe(P.CMD_RESPONSE);
  expect(answer?.message.tree.map(({ name }) => name)).toEqual(['success', 'errmsg']);
});

test('each registration is one copy of each event, right behind the other', async () => {
  await using bench = await ViciBench.start();
  bench.control.sas = [1, 2].map((uniqueId) => ikeSaView({ uniqueId }));
  using client = await asks(bench, 2);
  const numbers = [];
  for (let i = 0; i < 4; i++) numbers.push(numberOf(await client.next()));
  expect(numbers).toEqual([1, 1, 2, 2]);
  expect((await client.next())?.type).toBe(P.CMD_RESPONSE);
});

test('who did not register gets the answer alone; one too long is left out and named in the log', async () => {
  await using bench = await ViciBench.start();
  const tasks = Array.from({ length: 9 }, () => 'x'.repeat(60_000));
  bench.control.sas = [
    ikeSaView({ uniqueId: 1 }),
    ikeSaView({ uniqueId: 2, tasksQueued: tasks }),
    ikeSaView({ uniqueId: 3 }),
  ];
  using deaf = await asks(bench, 0);
  expect((await deaf.next())?.type).toBe(P.CMD_RESPONSE);
  using client = await asks(bench, 2);
  const numbers = [];
  for (let i = 0; i < 4; i++) numbers.push(numberOf(await client.next()));
  expect(numbers).toEqual([1, 1, 3, 3]);
  const lines = bench.log.lines.filter((line) => line.includes('too long for a packet'));
  expect(lines).toEqual(["vici event 'list-sa' is too long for a packet, left out"]);
});

test('many events are few writes', async () => {
  await using bench = await ViciBench.start();
  bench.control.sas = Array.from({ length: 500 }, (_, uniqueId) => ikeSaView({ uniqueId }));
  using client = await asks(bench);
  let chunks = 0;
  client.socket.on('data', () => chunks++);
  for (let i = 0; i < 500; i++) expect(numberOf(await client.next())).toBe(i);
  expect(chunks).toBeLessThan(100);
});
