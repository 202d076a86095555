import { expect } from 'vitest';
import { decide, lowest } from './collision.ts';
import { collisionCase } from './collision-case.ts';
import { multiple, single, uneven } from './setups.ts';

// A --> B  { N(REKEY_SA, O) .. } and B --> A  { N(REKEY_SA, O) .. } cross, both are answered; then each deletes what it must
collisionCase({
  id: 'CC-01',
  title: 'both rekey the same CHILD_SA',
  variants: lowest,
  setup: single,
  run: async (stage, variant) => {
    const { winner, loser, kept, redundant } = decide(stage, variant);
    const { a, b } = stage;
    const [w, l] = stage.sides(winner);
    a.rekey('O');
    b.rekey('O');
    await stage.deliver('A REKEY O');
    expect(b.children).toEqual({ O: 'REKEYED/INSTALLED', A1: 'INSTALLED/REGISTERED' });
    await stage.deliver('B REKEY O');
    expect(a.children).toEqual({ O: 'REKEYED/INSTALLED', B1: 'INSTALLED/REGISTERED' });
    await stage.deliver('B OK A1', 'A OK B1');
    expect(w.children).toMatchObject({
      [kept]: 'INSTALLED/INSTALLED',
      [redundant]: 'REKEYED/NONE',
    });
    expect(w.children['O']).toMatch(/^DELETING/);
    expect(l.children).toEqual({
      O: 'REKEYED/INSTALLED',
      [kept]: 'INSTALLED/REGISTERED',
      [redundant]: 'DELETING/NONE',
    });
    expect([w.history, l.history]).toEqual([[`child-rekey O ${kept}`], []]);
    await stage.deliver(`${loser} DELETE ${redundant}`, `${winner} DELETE O`);
    expect(l.history).toEqual([`child-rekey O ${kept}`]);
    await stage.deliver(`${winner} DELETED ${redundant}`, `${loser} DELETED O`);
    for (const side of [a, b]) expect(side.children).toEqual({ [kept]: 'INSTALLED/INSTALLED' });
    return { children: [kept], news: [`child-rekey O ${kept}`] };
  },
});

collisionCase({
  id: 'CC-02',
  title: 'both rekey the same CHILD_SA with an additional key exchange',
  variants: lowest,
  setup: multiple,
  run: async (stage, variant) => {
    const { winner, loser, kept } = decide(stage, variant);
    const { a, b } = stage;
    a.rekey('O');
    b.rekey('O');
    await stage.deliver('A REKEY O', 'B REKEY O', 'B OK A1…', 'A OK B1…');
    // The loser is silent: nothing exists that it would have to delete.
    expect(await stage.pending()).toEqual([`${winner} FOLLOWUP`]);
    for (const side of [a, b]) expect(side.kernelSas).toEqual(['O in', 'O out']);
    await stage.deliver(`${winner} FOLLOWUP`);
    const [, l] = stage.sides(winner);
    expect(l.children).toEqual({ O: 'REKEYED/INSTALLED', [kept]: 'INSTALLED/REGISTERED' });
    await stage.deliver(`${loser} OK`, `${winner} DELETE O`, `${loser} DELETED O`);
    return { children: [kept], news: [`child-rekey O ${kept}`] };
  },
});

collisionCase({
  id: 'CC-03',
  title: 'A rekeys with an additional key exchange, B with a single one',
  variants: lowest,
  setup: uneven,
  run: async (stage, variant) => {
    const { winner, kept } = decide(stage, variant);
    const { a, b } = stage;
    a.rekey('O');
    b.rekey('O');
    await stage.deliver('A REKEY O', 'B REKEY O', 'B OK A1…');
    if (winner === 'B') {
      // A stops; B has not got its answer yet.
      expect(await stage.pending()).toEqual(['A OK B1']);
      expect(a.children).toEqual({ O: 'REKEYED/INSTALLED', B1: 'INSTALLED/REGISTERED' });
      await stage.deliver('A OK B1', 'B DELETE O', 'A DELETED O');
    } else {
      await stage.deliver('A OK B1');
      expect(await stage.pending()).toEqual(['A FOLLOWUP', 'B DELETE B1']);
      expect(a.children).toMatchObject({ B1: 'REKEYED/NONE' });
      expect([a.history, b.history]).toEqual([[], []]);
      await stage.deliver('B DELETE B1', 'A DELETED B1', 'A FOLLOWUP', 'B OK');
      expect(b.history).toEqual([]);
      await stage.deliver('A DELETE O', 'B DELETED O');
    }
    return { children: [kept], news: [`child-rekey O ${kept}`] };
  },
});

// B's answer to A is late; B has its own answer and deletes what it must delete meanwhile
collisionCase({
  id: 'CC-04',
  title: 'both rekey, the answer to A comes after the DELETE of B',
  variants: lowest,
  setup: single,
  run: async (stage, variant) => {
    const { winner, kept } = decide(stage, variant);
    const { a, b } = stage;
    a.rekey('O');
    b.rekey('O');
    await stage.deliver('A REKEY O', 'B REKEY O');
    const late = await stage.take('B OK A1');
    await stage.deliver('A OK B1');
    if (winner === 'B') {
      await stage.deliver('B DELETE O');
      expect(a.history).toEqual(['child-rekey O B1']);
      expect(a.children).toMatchObject({ B1: 'INSTALLED/INSTALLED' });
      await stage.deliver('A DELETED O');
      await late.deliver();
      await stage.deliver('A DELETE A1', 'B DELETED A1');
    } else {
      await stage.deliver('B DELETE B1');
      expect(a.history).toEqual([]);
      expect(a.children['O']).toMatch(/^REKEY(ED|ING)\/INSTALLED/);
      expect(a.children['B1'] ?? 'DELETING').toMatch(/^DELETING/);
      await stage.deliver('A DELETED B1');
      await late.deliver();
      expect(a.history).toEqual(['child-rekey O A1']);
      await stage.deliver('A DELETE O', 'B DELETED O');
    }
    expect(b.history).toEqual([`child-rekey O ${kept}`]);
    return { children: [kept], news: [`child-rekey O ${kept}`] };
  },
});

collisionCase({
  id: 'CC-05',
  title: 'as CC-04, and B deletes what survives before A has its answer',
  variants: lowest,
  setup: single,
  run: async (stage, variant) => {
    const { winner, kept } = decide(stage, variant);
    const { a, b } = stage;
    a.rekey('O');
    b.rekey('O');
    await stage.deliver('A REKEY O', 'B REKEY O');
    const late = await stage.take('B OK A1');
    await stage.deliver('A OK B1');
    await stage.deliver(winner === 'B' ? 'B DELETE O' : 'B DELETE B1');
    await stage.deliver(winner === 'B' ? 'A DELETED O' : 'A DELETED B1');
    stage.traffic.stop();
    b.close(kept);
    await stage.deliver(`B DELETE ${kept}`);
    await stage.deliver(winner === 'B' ? 'A DELETED B1' : 'A EMPTY');
    await late.deliver();
    await stage.runOut();
    return { news: [`child-rekey O ${kept}`, `child-updown down ${kept}`] };
  },
});

collisionCase<'a-before' | 'a-after' | 'c-before' | 'c-after'>({
  id: 'CC-06',
  title: 'additional key exchanges, B wins, its answer to A is late',
  variants: ['a-before', 'a-after', 'c-before', 'c-after'],
  setup: multiple,
  run: async (stage, variant) => {
    decide(stage, variant.startsWith('a') ? 'a' : 'c');
    const { a, b } = stage;
    a.rekey('O');
    b.rekey('O');
    await stage.deliver('A REKEY O', 'B REKEY O');
    const late = await stage.take('B OK A1…');
    await stage.deliver('A OK B1…', 'B FOLLOWUP');
    expect(a.children).toMatchObject({ B1: 'INSTALLED/REGISTERED' });
    if (variant.endsWith('before')) await late.deliver();
    expect(a.children).toEqual({ O: 'REKEYED/INSTALLED', B1: 'INSTALLED/REGISTERED' });
    await stage.deliver('A OK', 'B DELETE O');
    if (variant.endsWith('after')) await late.deliver();
    expect(await stage.pending()).toEqual(['A DELETED O']);
    return { children: ['B1'], news: ['child-rekey O B1'] };
  },
});

// B lost and deletes its own B1, as it must, but O as well, which is A's to delete
collisionCase<'b' | 'd'>({
  id: 'CC-13',
  title: 'a peer that lost the collision also deletes the old CHILD_SA',
  variants: ['b', 'd'],
  setup: single,
  run: async (stage, variant) => {
    decide(stage, variant);
    const { a, b } = stage;
    a.rekey('O');
    b.rekey('O');
    await stage.deliver('A REKEY O', 'B REKEY O');
    const late = await stage.take('B OK A1');
    await stage.deliver('A OK B1', 'B DELETE B1', 'A DELETED B1');
    stage.traffic.stop();
    b.deleteReplaced('O');
    await stage.deliver('B DELETE O', 'A DELETED O');
    expect(a.history).toEqual([]);
    expect(a.find('O')[1].outbound).toBe('INSTALLED');
    await late.deliver();
    expect(await stage.pending()).toEqual([]);
    return { children: ['A1'], news: ['child-rekey O A1'] };
  },
});
