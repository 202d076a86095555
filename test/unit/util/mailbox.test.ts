import { expect, test } from 'vitest';
import { Mailbox } from '../../../daemon/util/mailbox.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('jobs that wait are counted over all mailboxes, and those thrown away are not', async () => {
  const load = { queued: 0 };
  const [one, other] = [
    new Mailbox(() => {}, undefined, load),
    new Mailbox(() => {}, undefined, load),
  ];
  let finish = (): void => {};
  const blocked = new Promise<void>((resolve) => {
    finish = resolve;
  });
  for (const mailbox of [one, other]) {
    mailbox.post(() => blocked);
    mailbox.post(() => {});
    mailbox.post(() => {});
  }
  expect(load.queued).toBe(4);
  other.close();
  expect(load.queued).toBe(2);
  finish();
  await blocked;
  await new Promise((resolve) => setImmediate(resolve));
  expect(load.queued).toBe(0);
});

test('jobs run one after the other, asynchronous ones included, in the order they were posted', async () => {
  const seen: string[] = [];
  const mailbox = new Mailbox(() => seen.push('error'));
  mailbox.post(async () => {
    seen.push('a');
    await turn();
    seen.push('A');
  });
  mailbox.post(() => {
    seen.push('b');
  });
  expect(seen).toEqual(['a']);
  expect(mailbox.pending).toBe(1);
  await turn();
  await turn();
  expect(seen).toEqual(['a', 'A', 'b']);
  expect(mailbox.busy).toBe(false);
});

test('a synchronous job in an idle mailbox runs before post returns', () => {
  let ran = false;
  new Mailbox(() => {}).post(() => {
    ran = true;
  });
  expect(ran).toBe(true);
});

test('a job that throws or rejects is reported and the next one runs', async () => {
  const errors: unknown[] = [];
  const mailbox = new Mailbox((error) => errors.push(error));
  let ran = 0;
  mailbox.post(() => {
    throw new Error('one');
  });
  mailbox.post(() => Promise.reject(new Error('two')));
  mailbox.post(() => {
    ran++;
  });
  await turn();
  expect(errors.map(String)).toEqual(['Error: one', 'Error: two']);
  expect(ran).toBe(1);
});

test('a closed mailbox drops what waits and what comes', async () => {
  const seen: string[] = [];
  const mailbox = new Mailbox(() => {});
  mailbox.post(async () => {
    await turn();
    seen.push('running');
  });
  mailbox.post(() => {
    seen.push('waiting');
  });
  mailbox.close();
  mailbox.post(() => {
    seen.push('late');
  });
  await turn();
  await turn();
  expect(seen).toEqual(['running']);
});
