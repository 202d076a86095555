import { expect } from 'vitest';
import { decide, lowest } from './collision.ts';
import { collisionCase } from './collision-case.ts';
import { otherSide } from './names.ts';
import { single } from './setups.ts';

collisionCase({
  id: 'EX-08',
  title: 'the answer to the rekeying of an IKE_SA comes after several retransmissions',
  variants: ['A', 'B'],
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i] = stage.sides(by);
    i.rekeyIke();
    await stage.deliver(`${by} REKEY IKE`);
    for (const wait of [4100, 7300, 13_100]) {
      (await stage.take(`${other} OK I${by}1`)).drop();
      await stage.pass(wait);
      await stage.deliver(`${by} REKEY IKE`);
    }
    await stage.deliver(`${other} OK I${by}1`, `${by} DELETE IKE`, `${other} EMPTY`);
    expect(await stage.pending()).toEqual([]);
    return { ikes: [`I${by}1`], children: ['O'], news: [`ike-rekey I I${by}1`] };
  },
});

collisionCase({
  id: 'EX-17',
  title: 'both sides rekey four CHILD_SAs at once, then the IKE_SA',
  variants: lowest,
  setup: { ...single, moreChildren: ['second', 'third', 'fourth'] },
  run: async (stage, variant) => {
    const { a, b } = stage;
    for (const name of ['second', 'third', 'fourth']) {
      void a.host.initiate(name);
      await stage.runOut();
    }
    const before = Object.keys(a.children);
    expect(before).toHaveLength(4);
    for (const child of before) {
      a.rekey(child);
      b.rekey(child);
    }
    decide(stage, variant);
    await stage.untilCalm();
    a.nonces.clear();
    b.nonces.clear();
    const after = Object.keys(a.children);
    expect(after).toHaveLength(4);
    expect(after.filter((name) => before.includes(name))).toEqual([]);
    decide(stage, variant);
    a.rekeyIke();
    b.rekeyIke();
    await stage.untilCalm();
    const names = [...(a.sas[0]?.children.values() ?? [])].map(({ config }) => config.name);
    expect(names.sort()).toEqual(['fourth', 'net', 'second', 'third']);
    return { ikes: Object.keys(a.ikes), children: Object.keys(a.children) };
  },
});
