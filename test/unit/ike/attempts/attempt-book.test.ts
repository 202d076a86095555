import { describe, expect, test } from 'vitest';
import { type Attempt, AttemptBook } from '../../../../daemon/ike/attempts/attempt-book.ts';

let clock = 0;

function attempt(members: Partial<Attempt> = {}): Attempt {
  clock += 1000;
  return {
    role: 'initiator',
    step: 'IKE_AUTH',
    kind: 'wrong-secret',
    reason: 'the secrets differ',
    differences: [],
    notify: undefined,
    subject: undefined,
    child: 'net',
    local: '192.0.2.1[500]',
    remote: '192.0.2.2[500]',
    localId: undefined,
    remoteId: undefined,
    first: clock,
    last: clock,
    times: 1,
    ...members,
  };
}

describe('what is remembered', () => {
  test('the last one comes first, whoever began', () => {
    const book = new AttemptBook();
    book.note('gw', attempt({ reason: 'a' }));
    book.note('gw', attempt({ reason: 'b', role: 'responder' }));
    book.note('gw', attempt({ reason: 'c' }));
    expect(book.of('gw').map(({ reason }) => reason)).toEqual(['c', 'b', 'a']);
    expect(book.of('other')).toEqual([]);
  });

  test('equal ones after each other are counted', () => {
    const book = new AttemptBook();
    const first = attempt();
    book.note('gw', first);
    book.note('gw', attempt());
    const last = attempt();
    book.note('gw', last);
    expect(book.of('gw')).toEqual([{ ...last, first: first.first, times: 3 }]);
    expect(book.size).toBe(1);
  });

  test('five for each role, so that peers push out nothing of our own', () => {
    const book = new AttemptBook();
    book.note('gw', attempt({ reason: 'ours' }));
    for (let n = 0; n < 1000; n++) {
      book.note('gw', attempt({ role: 'responder', reason: `${n}` }));
    }
    expect(book.of('gw').map(({ reason }) => reason)).toEqual([
      '999',
      '998',
      '997',
      '996',
      '995',
      'ours',
    ]);
    expect(book.size).toBe(6);
  });

  test('of those that were up and ended only the last one', () => {
    const book = new AttemptBook();
    book.note('gw', attempt({ reason: 'failed' }));
    for (let n = 0; n < 10; n++) book.note('gw', attempt({ kind: 'ended', reason: `end ${n}` }));
    expect(book.of('gw').map(({ reason }) => reason)).toEqual(['end 9', 'failed']);
    expect(book.size).toBe(2);
  });

  test('an end repeats no failure that was told already', () => {
    const book = new AttemptBook();
    book.note('gw', attempt({ reason: 'refused later' }));
    book.note('gw', attempt({ kind: 'ended', reason: 'refused later' }));
    expect(book.of('gw')).toHaveLength(1);
  });
});

describe('in all', () => {
  test('at most 4000: what failed longest ago is forgotten first', () => {
    const book = new AttemptBook();
    for (let n = 0; n < 10_000; n++) book.note(`gw${n}`, attempt());
    expect(book.size).toBe(4000);
    expect(book.of('gw5999')).toEqual([]);
    expect(book.of('gw6000')).toHaveLength(1);
    expect(book.of('gw9999')).toHaveLength(1);
  });

  test('a connection that fails again is remembered longer', () => {
    const book = new AttemptBook();
    book.note('gw', attempt());
    for (let n = 0; n < 3999; n++) book.note(`gw${n}`, attempt());
    book.note('gw', attempt());
    for (let n = 0; n < 3000; n++) book.note(`more${n}`, attempt());
    expect(book.of('gw')).toMatchObject([{ times: 2 }]);
    expect(book.size).toBe(4000);
  });
});
