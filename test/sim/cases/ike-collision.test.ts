import { expect } from 'vitest';
import { decide, type Lowest, lowest, type Verdict } from './collision.ts';
import { collisionCase } from './collision-case.ts';
import { ikeMultiple, ikeStubborn, ikeUneven } from './setups.ts';
import { OBLIVION, type Stage } from './stage.ts';

/** Both ask to rekey the IKE_SA. */
function start(stage: Stage, variant: Lowest): Verdict {
  const verdict = decide(stage, variant);
  stage.a.rekeyIke();
  stage.b.rekeyIke();
  return ike(verdict);
}

/** The same verdict about IKE_SAs. */
function ike(verdict: Verdict): Verdict {
  return { ...verdict, kept: `I${verdict.kept}`, redundant: `I${verdict.redundant}` };
}

function ending(kept: string) {
  return { ikes: [kept], children: ['O'], news: [`ike-rekey I ${kept}`] };
}

// A --> B  { SA Ni KEi } and B --> A  { SA Ni KEi } cross, both are answered
collisionCase({
  id: 'IC-01',
  title: 'both rekey the IKE_SA',
  variants: lowest,
  run: async (stage, variant) => {
    const { winner, loser, kept, redundant } = start(stage, variant);
    const [w, l] = stage.sides(winner);
    await stage.deliver('A REKEY IKE', 'B REKEY IKE', 'B OK IA1', 'A OK IB1');
    expect(w.history).toEqual([`ike-rekey I ${kept}`]);
    expect(w.family[kept]).toEqual(['O']);
    const old = await stage.take(`${winner} DELETE IKE`);
    const taken = await stage.take(`${loser} DELETE IKE`);
    expect(stage.names.ike(old.datagram.message.spiI)).toBe('I');
    expect(stage.names.ike(taken.datagram.message.spiI)).toBe(redundant);
    await old.deliver();
    await taken.deliver();
    await stage.runOut();
    for (const side of [w, l]) expect(side.family).toEqual({ [kept]: ['O'] });
    return ending(kept);
  },
});

collisionCase({
  id: 'IC-02',
  title: 'both rekey the IKE_SA with an additional key exchange',
  variants: lowest,
  setup: ikeMultiple,
  run: async (stage, variant) => {
    const { winner, loser, kept } = start(stage, variant);
    await stage.deliver('A REKEY IKE', 'B REKEY IKE', 'B OK IA1…', 'A OK IB1…');
    expect(await stage.pending()).toEqual([`${winner} FOLLOWUP`]);
    await stage.deliver(`${winner} FOLLOWUP`, `${loser} OK`, `${winner} DELETE IKE`);
    await stage.deliver(`${loser} EMPTY`);
    return ending(kept);
  },
});

collisionCase({
  id: 'IC-03',
  title: 'A rekeys the IKE_SA with an additional key exchange, B with a single one',
  variants: lowest,
  setup: ikeUneven,
  run: async (stage, variant) => {
    const { winner, kept } = start(stage, variant);
    const { a, b } = stage;
    await stage.deliver('A REKEY IKE', 'B REKEY IKE', 'B OK IA1…');
    if (winner === 'B') {
      expect(await stage.pending()).toEqual(['A OK IB1']);
      await stage.deliver('A OK IB1', 'B DELETE IKE', 'A EMPTY');
    } else {
      await stage.deliver('A OK IB1');
      expect(await stage.pending()).toEqual(['A FOLLOWUP', 'B DELETE IKE']);
      expect([a.history, b.history]).toEqual([[], []]);
      await stage.deliver('B DELETE IKE', 'A FOLLOWUP');
      await stage.runOut();
    }
    return ending(kept);
  },
});

/** Both were refused their key exchange method; the next requests are the ones that count. */
async function refused(stage: Stage, variant: Lowest): Promise<Verdict> {
  const lie = variant === 'a' || variant === 'c' ? 0xff : 0;
  stage.a.nonces.begin(lie);
  stage.b.nonces.begin(lie ^ 0xff);
  stage.a.rekeyIke();
  stage.b.rekeyIke();
  await stage.deliver('A REKEY IKE', 'B REKEY IKE');
  stage.a.nonces.clear();
  stage.b.nonces.clear();
  const verdict = ike(decide(stage, variant));
  await stage.deliver('A INVALID_KE_PAYLOAD', 'B INVALID_KE_PAYLOAD');
  return verdict;
}

collisionCase({
  id: 'IC-04',
  title: 'both rekey the IKE_SA, are refused their key exchange method, and try again',
  variants: lowest,
  setup: ikeStubborn,
  run: async (stage, variant) => {
    const { winner } = await refused(stage, variant);
    await stage.deliver('A REKEY IKE', 'B REKEY IKE');
    await stage.runOut();
    const [kept = ''] = Object.keys(stage.a.ikes);
    expect(kept[1]).toBe(winner);
    return ending(kept);
  },
});

/** Nonces of a request that is refused take part in nothing. */
type Late = 'a' | 'b' | 'd';
const late: readonly Late[] = ['a', 'b', 'd'];

collisionCase<Late>({
  id: 'IC-05',
  title: 'as IC-04, and the second request of A is late',
  variants: late,
  setup: ikeStubborn,
  run: async (stage, variant) => {
    const { a, b } = stage;
    await refused(stage, variant);
    const request = await stage.take('A REKEY IKE');
    await stage.deliver('B REKEY IKE');
    const [answer = ''] = await stage.pending();
    await stage.deliver(answer);
    await request.deliver();
    const failure = await stage.take('B TEMPORARY_FAILURE');
    await stage.deliver('B DELETE IKE', 'A EMPTY');
    await failure.deliver();
    a.nonces.clear();
    b.nonces.clear();
    const [kept = ''] = Object.keys(a.ikes);
    expect(kept[1]).toBe('B');
    return ending(kept);
  },
});

collisionCase({
  id: 'IC-06',
  title: 'both rekey the IKE_SA, the answer to A comes after the DELETE of B',
  variants: lowest,
  run: async (stage, variant) => {
    const { winner, kept } = start(stage, variant);
    await stage.deliver('A REKEY IKE', 'B REKEY IKE');
    const answer = await stage.take('B OK IA1');
    await stage.deliver('A OK IB1', 'B DELETE IKE');
    if (winner === 'B') {
      expect(stage.a.history).toEqual(['ike-rekey I IB1']);
      await stage.deliver('A EMPTY');
    } else {
      await stage.runOut();
      expect(stage.a.history).toEqual([]);
    }
    await answer.deliver();
    // What A never knew of is left to B, who waits for a DELETE some minutes.
    if (winner === 'B') await stage.untilCalm(OBLIVION);
    return ending(kept);
  },
});

collisionCase<'a-follow-up' | 'a-delete' | 'c-follow-up' | 'c-delete'>({
  id: 'IC-07',
  title: 'additional key exchanges, B wins, its answer to A is late',
  variants: ['a-follow-up', 'a-delete', 'c-follow-up', 'c-delete'],
  setup: ikeMultiple,
  run: async (stage, variant) => {
    start(stage, variant.startsWith('a') ? 'a' : 'c');
    await stage.deliver('A REKEY IKE', 'B REKEY IKE');
    const answer = await stage.take('B OK IA1…');
    await stage.deliver('A OK IB1…', 'B FOLLOWUP');
    if (variant.endsWith('follow-up')) await answer.deliver();
    await stage.deliver('A OK', 'B DELETE IKE');
    if (variant.endsWith('delete')) await answer.deliver();
    expect(stage.a.history).toEqual(['ike-rekey I IB1']);
    await stage.deliver('A EMPTY');
    return ending('IB1');
  },
});

collisionCase<Late>({
  id: 'IC-08',
  title: 'both rekey the IKE_SA, the request of A is lost',
  variants: late,
  run: async (stage, variant) => {
    start(stage, variant);
    (await stage.take('A REKEY IKE')).drop();
    await stage.deliver('B REKEY IKE', 'A OK IB1', 'B DELETE IKE', 'A EMPTY');
    expect(await stage.pending()).toEqual([]);
    return ending('IB1');
  },
});

for (const [id, setup, more] of [
  ['IC-09', {}, ''],
  ['IC-11-delete', ikeMultiple, '…'],
] as const) {
  collisionCase<Late>({
    id,
    title: 'both rekey the IKE_SA, the request of A is late, its refusal later than the DELETE',
    variants: late,
    setup,
    run: async (stage, variant) => {
      start(stage, variant);
      const request = await stage.take('A REKEY IKE');
      await stage.deliver('B REKEY IKE', `A OK IB1${more}`);
      await request.deliver();
      const failure = await stage.take('B TEMPORARY_FAILURE');
      if (more !== '') await stage.deliver('B FOLLOWUP', 'A OK');
      await stage.deliver('B DELETE IKE', 'A EMPTY');
      await failure.deliver();
      expect(stage.a.ikes).toEqual({ IB1: 'ESTABLISHED' });
      return ending('IB1');
    },
  });
}

for (const [id, setup, more] of [
  ['IC-10', {}, ''],
  ['IC-11-failure', ikeMultiple, '…'],
] as const) {
  collisionCase<Late>({
    id,
    title: 'both rekey the IKE_SA, the request of A is late, its refusal sooner than the DELETE',
    variants: late,
    setup,
    run: async (stage, variant) => {
      start(stage, variant);
      const request = await stage.take('A REKEY IKE');
      await stage.deliver('B REKEY IKE', `A OK IB1${more}`);
      await request.deliver();
      if (more !== '') await stage.deliver('B FOLLOWUP', 'A OK');
      await stage.deliver('B TEMPORARY_FAILURE');
      expect(stage.a.history).toEqual(['ike-rekey I IB1']);
      await stage.deliver('B DELETE IKE', 'A EMPTY');
      return ending('IB1');
    },
  });
}
