import { expect, test } from 'vitest';
import { NotifySocket } from '../../../daemon/runtime/notify-socket.ts';

function recorder(environment: { NOTIFY_SOCKET?: string }, fault?: Error) {
  const sent: (readonly string[])[] = [];
  const errors: unknown[] = [];
  const socket = new NotifySocket(
    environment,
    (error) => errors.push(error),
    async (lines) => {
      if (fault) throw fault;
      sent.push(lines);
    },
  );
  return { socket, sent, errors };
}

test('tells what the daemon is doing', async () => {
  const { socket, sent } = recorder({ NOTIFY_SOCKET: '/run/notify' });
  expect(socket.present).toBe(true);
  await socket.tell('ready');
  await socket.tell('reloading');
  await socket.tell('stopping');
  expect(sent[0]).toEqual(['READY=1']);
  expect(sent[1]?.[0]).toBe('RELOADING=1');
  expect(sent[1]?.[1]).toMatch(/^MONOTONIC_USEC=\d{6,}$/);
  expect(sent[2]).toEqual(['STOPPING=1']);
});

test.each([{}, { NOTIFY_SOCKET: '' }])('does nothing where nobody listens', async (environment) => {
  const { socket, sent } = recorder(environment);
  expect(socket.present).toBe(false);
  await socket.tell('ready');
  expect(sent).toEqual([]);
});

test('a failure is reported and not thrown', async () => {
  const { socket, errors } = recorder({ NOTIFY_SOCKET: '/run/notify' }, new Error('no helper'));
  await socket.tell('ready');
  expect(errors.map(String)).toEqual(['Error: no helper']);
});
