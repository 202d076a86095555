import { describe, expect, test } from 'vitest';
import { Conversation, type Script } from '../../../daemon/util/conversation.ts';
import { settled } from '../../../daemon/util/waits.ts';

interface Said {
  readonly text: string;
}

/** Repeats what it hears, and writes down that it was closed. */
function* echo(closed: string[], wait?: () => Promise<string>): Script<Said, string> {
  try {
    let heard = yield { text: 'hello' };
    while (heard !== 'bye') {
      const more = wait === undefined ? '' : yield* settled(wait());
      heard = yield { text: `${heard}${more}` };
    }
  } finally {
    closed.push('closed');
  }
}

describe('a conversation', () => {
  test('answers at once where nothing waits', () => {
    const closed: string[] = [];
    const talk = new Conversation(echo(closed));
    expect(talk.next('')).toEqual({ text: 'hello' });
    expect(talk.next('one')).toEqual({ text: 'one' });
    expect(talk.next('bye')).toBeUndefined();
    expect(closed).toEqual(['closed']);
    expect(talk.next('more')).toBeUndefined();
  });

  test('answers later where something waits', async () => {
    const talk = new Conversation(echo([], () => Promise.resolve('!')));
    expect(talk.next('')).toBeDefined();
    const answer = talk.next('one');
    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toEqual({ text: 'one!' });
    expect(await talk.next('two')).toEqual({ text: 'two!' });
    expect(talk.next('bye')).toBeUndefined();
  });

  test('hands on what its script throws, at once and later', async () => {
    const talk = new Conversation(echo([], () => Promise.reject(new RangeError('no'))));
    expect(talk.next('')).toBeDefined();
    await expect(talk.next('one')).rejects.toThrow('no');
    function* broken(): Script<Said, string> {
      yield { text: '' };
      throw new RangeError('broken');
    }
    const other = new Conversation(broken());
    expect(other.next('')).toBeDefined();
    expect(() => other.next('')).toThrow('broken');
  });

  test('closes what its script has open when it is ended', () => {
    const closed: string[] = [];
    const talk = new Conversation(echo(closed));
    expect(talk.next('')).toBeDefined();
    expect(talk.end()).toBeUndefined();
    expect(closed).toEqual(['closed']);
    expect(talk.next('one')).toBeUndefined();
  });

  test('is ended after the turn under way, not in the middle of it', async () => {
    const closed: string[] = [];
    const { promise, resolve } = Promise.withResolvers<string>();
    const talk = new Conversation(echo(closed, () => promise));
    expect(talk.next('')).toBeDefined();
    const answer = talk.next('one');
    const ended = talk.end();
    expect(closed).toEqual([]);
    resolve('!');
    expect(await answer).toEqual({ text: 'one!' });
    await ended;
    expect(closed).toEqual(['closed']);
  });

  test('may be ended by what its own script does', async () => {
    const closed: string[] = [];
    const endings: unknown[] = [];
    function* leaving(): Script<Said, string> {
      try {
        endings.push(talk.end());
        yield { text: 'last word' };
      } finally {
        closed.push('closed');
      }
    }
    const talk: Conversation<Said, string> = new Conversation(leaving());
    expect(talk.next('')).toEqual({ text: 'last word' });
    await endings[0];
    expect(closed).toEqual(['closed']);
  });

  test('closes all that its script has open, although it is ended again meanwhile', async () => {
    const closed: string[] = [];
    const later = (what: string): Promise<unknown> =>
      Promise.resolve().then(() => closed.push(what));
    function* slow(): Script<Said, string> {
      try {
        yield { text: '' };
      } finally {
        yield* settled(later('first'));
        yield* settled(later('second'));
        closed.push('third');
      }
    }
    const talk = new Conversation(slow());
    expect(talk.next('')).toBeDefined();
    await Promise.all([talk.end(), talk.end(), talk.end()]);
    expect(closed).toEqual(['first', 'second', 'third']);
    expect(talk.end()).toBeUndefined();
  });

  test('may be ended by what closes it', async () => {
    const closed: string[] = [];
    const endings: unknown[] = [];
    function* leaving(): Script<Said, string> {
      try {
        yield { text: '' };
      } finally {
        endings.push(talk.end());
        closed.push('closed');
      }
    }
    const talk: Conversation<Said, string> = new Conversation(leaving());
    expect(talk.next('')).toBeDefined();
    expect(talk.end()).toBeUndefined();
    await endings[0];
    expect(closed).toEqual(['closed']);
  });

  test('waits for what closing takes', async () => {
    const closed: string[] = [];
    function* slow(): Script<Said, string> {
      try {
        yield { text: '' };
      } finally {
        yield* settled(Promise.resolve().then(() => closed.push('slowly')));
        closed.push('closed');
      }
    }
    const talk = new Conversation(slow());
    expect(talk.next('')).toBeDefined();
    const ended = talk.end();
    expect(closed).toEqual([]);
    await ended;
    expect(closed).toEqual(['slowly', 'closed']);
  });
});
