import { expect, test } from 'vitest';
import { inheritedSocket } from '../../../daemon/runtime/inherited-sockets.ts';

const PID = 42;
const TWO = { LISTEN_PID: '42', LISTEN_FDS: '2', LISTEN_FDNAMES: 'metrics:vici' };

test('finds a socket by its name', () => {
  expect(inheritedSocket(TWO, 'metrics', PID)).toBe(3);
  expect(inheritedSocket(TWO, 'vici', PID)).toBe(4);
});

test.each([
  ['no sockets', {}],
  ['sockets for another process', { ...TWO, LISTEN_PID: '41' }],
  ['more names than sockets', { ...TWO, LISTEN_FDS: '1' }],
  ['a number that is none', { ...TWO, LISTEN_FDS: '2x' }],
  ['other names', { ...TWO, LISTEN_FDNAMES: 'metrics:connection' }],
  ['no names', { LISTEN_PID: '42', LISTEN_FDS: '2' }],
])('finds none among %s', (_what, environment) => {
  expect(inheritedSocket(environment, 'vici', PID)).toBeUndefined();
});
