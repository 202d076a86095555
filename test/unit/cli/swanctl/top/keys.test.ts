import { expect, test } from 'vitest';
import { keyActions } from '../../../../../daemon/cli/swanctl/top/keys.ts';
import { FIRST_VIEW, viewAfter } from '../../../../../daemon/cli/swanctl/top/view.ts';

test('keys and their sequences, several at once, others ignored', () => {
  expect(keyActions('q')).toEqual(['quit']);
  expect(keyActions('\x03')).toEqual(['quit']);
  expect(keyActions('')).toEqual(['quit']);
  expect(keyActions('s \x1b[A\x1bOB\x1b[5~\x1b[6~\x1b[H')).toEqual([
    'order',
    'pause',
    'up',
    'down',
    'page-up',
    'page-down',
    'home',
  ]);
  expect(keyActions('x\x1b[1;5C\x1b[200~\x1b')).toEqual([]);
  expect(keyActions('\x1b[')).toEqual([]);
  expect(keyActions('\x1bO')).toEqual([]);
});

test('scrolling stays within the list', () => {
  const after = (...actions: Parameters<typeof viewAfter>[1][]) =>
    actions.reduce((view, action) => viewAfter(view, action, 25, 10), FIRST_VIEW).scroll;
  expect(after('up')).toBe(0);
  expect(after('down', 'down')).toBe(2);
  expect(after('page-down', 'page-down', 'page-down')).toBe(15);
  expect(after('page-down', 'page-up', 'page-up')).toBe(0);
  expect(after('page-down', 'home')).toBe(0);
  expect(after('page-down', 'order')).toBe(0);
  expect(viewAfter(FIRST_VIEW, 'down', 5, 10).scroll).toBe(0);
});
