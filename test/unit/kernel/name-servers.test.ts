import { expect, test } from 'vitest';
import type { NameServer, NameServerHandler } from '../../../daemon/contracts/name-servers.ts';
import { MemoryJournal } from '../../../daemon/kernel/memory-journal.ts';
import { NameServers } from '../../../daemon/kernel/name-servers.ts';
import { FakeNameServers } from '../../sim/fake-name-servers.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { ip } from '../../support/selectors.ts';

const server: NameServer = {
  address: ip('10.1.0.53'),
  interfaceName: 'eth0',
  domains: ['corp.example', 'lab.example'],
};
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function host(handler: NameServerHandler | undefined = new FakeNameServers()) {
  const journal = new MemoryJournal();
  const logger = new MemoryLog();
  return { journal, logger, names: new NameServers({ handler, journal, logger }) };
}

test('a server is in force as long as anybody uses it, and in the journal', async () => {
  const handler = new FakeNameServers();
  const { names, journal } = host(handler);
  expect(names.active).toBe(true);
  const [first, second] = [names.use(server), names.use(server)];
  await settled();
  expect(handler.servers).toEqual([server]);
  expect(journal.recorded()).toEqual(['dns 10.1.0.53 eth0 corp.example lab.example']);
  first();
  first();
  await settled();
  expect(handler.servers).toEqual([server]);
  second();
  await settled();
  expect(handler.servers).toEqual([]);
  expect(journal.recorded()).toEqual([]);
});

test('given up before it was in force: gone in the end', async () => {
  const handler = new FakeNameServers();
  const { names } = host(handler);
  names.use(server)();
  await settled();
  expect(handler.servers).toEqual([]);
});

test('what a killed predecessor left is taken out; what fails is tried by the next one', async () => {
  const handler = new FakeNameServers();
  await handler.add(server);
  const { names, journal, logger } = host(handler);
  for (const record of ['dns 10.1.0.53 eth0 corp.example', 'dns nonsense', 'sa 1 2 3']) {
    journal.add(record);
  }
  handler.refusing = true;
  names.start();
  await names.settle();
  expect(logger.lines).toEqual(['removing a DNS server failed: the disk is full']);
  expect(journal.recorded()).toHaveLength(3);
  handler.refusing = false;
  names.start();
  await names.settle();
  expect(handler.servers).toEqual([]);
  expect(journal.recorded()).toEqual(['dns nonsense', 'sa 1 2 3']);
});

test('a successor keeps what goes on, also what somebody took out meanwhile', async () => {
  const handler = new FakeNameServers();
  const { journal, logger, names: before } = host(handler);
  const other = { ...server, address: ip('10.1.0.54') };
  before.use(server);
  before.use(other);
  await settled();
  await handler.remove(server);
  const names = new NameServers({ handler, journal, logger });
  names.start();
  const forget = names.use(server);
  await names.settle();
  expect(handler.servers).toEqual([server]);
  expect(journal.recorded()).toEqual(['dns 10.1.0.53 eth0 corp.example lab.example']);
  forget();
  await settled();
  expect(handler.servers).toEqual([]);
  expect(journal.recorded()).toEqual([]);
});

test('nobody waits for a program that hangs', async () => {
  const hanging: NameServerHandler = {
    target: 'test',
    add: () => new Promise(() => {}),
    remove: () => new Promise(() => {}),
  };
  const { names } = host(hanging);
  const forget = names.use(server);
  forget();
  await settled();
});

test('where nothing may be changed, nothing is asked for or done', async () => {
  const names = new NameServers({
    handler: undefined,
    journal: new MemoryJournal(),
    logger: new MemoryLog(),
  });
  expect(names.active).toBe(false);
  names.use(server)();
  names.start();
  await names.settle();
  await names.close();
});
