import { expect, test } from 'vitest';
import type { LocalDatagramSender } from '../../../daemon/contracts/local-datagram.ts';
import { type NotifyEnvironment, NotifySocket } from '../../../daemon/runtime/notify-socket.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';

const PID = 42;
/** ECONNREFUSED. */
const REFUSED = 111;

function recorder(environment: NotifyEnvironment, errno = 0) {
  const sent: string[] = [];
  const errors: unknown[] = [];
  const manager: LocalDatagramSender = {
    send(octets) {
      sent.push(new TextDecoder().decode(octets));
      return errno;
    },
    close: () => undefined,
  };
  const socket = new NotifySocket(environment, (error) => errors.push(error), manager, PID);
  return { socket, sent, errors };
}

function pass(clock: VirtualClock, millis: number): void {
  const end = clock.now() + millis;
  while ((clock.nextDue() ?? end + 1) <= end) clock.step();
}

test('tells what the daemon is doing', () => {
  const { socket, sent } = recorder({});
  socket.tell('ready');
  socket.tell('stopping');
  expect(sent).toEqual(['READY=1', 'STOPPING=1']);
});

test('does nothing where nobody listens', () => {
  const clock = new VirtualClock();
  const fail = (error: unknown): void => expect.fail(String(error));
  const socket = new NotifySocket({ WATCHDOG_USEC: '1000000' }, fail, undefined, PID);
  socket.tell('ready');
  socket.startWatchdog(clock, () => 'fine');
  expect(clock.nextDue()).toBeUndefined();
});

test('a failure is reported and not thrown', () => {
  const { socket, errors } = recorder({}, REFUSED);
  socket.tell('ready');
  expect(errors).toEqual(['the service manager cannot be told: connection refused']);
});

test('says twice in the time it is given that it lives, with a line for people, until it ends', () => {
  const clock = new VirtualClock();
  const { socket, sent } = recorder({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' });
  let count = 0;
  socket.startWatchdog(clock, () => `${count++}\nSAs`);
  const alive = (number: number): string => `WATCHDOG=1\nSTATUS=${number} SAs`;
  expect(sent).toEqual([alive(0)]);
  pass(clock, 30_000);
  expect(sent).toEqual([alive(0), alive(1), alive(2)]);
  socket.tell('stopping');
  pass(clock, 60_000);
  expect(sent.slice(3)).toEqual(['STOPPING=1']);
});

test('goes on after a keepalive that failed', () => {
  const clock = new VirtualClock();
  const { socket, errors } = recorder({ WATCHDOG_USEC: '2000000' }, REFUSED);
  socket.startWatchdog(clock, () => '');
  pass(clock, 3000);
  expect(errors.length).toBe(4);
});

test.each([
  { WATCHDOG_USEC: undefined },
  { WATCHDOG_USEC: '0' },
  { WATCHDOG_USEC: '-1' },
  { WATCHDOG_USEC: '1e9' },
  { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '41' },
])('keeps silent where no watchdog waits for this process: %j', (environment) => {
  const clock = new VirtualClock();
  const { socket, sent } = recorder({ ...environment });
  socket.startWatchdog(clock, () => '');
  pass(clock, 60_000);
  expect(sent).toEqual([]);
});
