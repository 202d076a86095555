import { expect } from 'vitest';
import { collisionCase } from './collision-case.ts';
import { otherSide } from './names.ts';
import { single } from './setups.ts';

const down = ['ike-updown down I', 'child-updown down O'];

collisionCase({
  id: 'ID-01',
  title: 'delete of an IKE_SA',
  variants: ['A', 'B'],
  run: async (stage, by) => {
    const [i, r] = stage.sides(by);
    stage.traffic.stop();
    i.closeIke();
    await stage.deliver(`${by} DELETE IKE`);
    expect([r.ikes, r.history, i.history]).toEqual([{}, down, []]);
    await stage.deliver(`${otherSide(by)} EMPTY`);
    return { ikes: [], news: down };
  },
});

collisionCase({
  id: 'ID-02',
  title: 'both delete the IKE_SA',
  variants: [''],
  setup: single,
  run: async (stage) => {
    const { a, b } = stage;
    stage.traffic.stop();
    a.closeIke();
    b.closeIke();
    const other = await stage.take('B DELETE IKE');
    await stage.deliver('A DELETE IKE');
    expect(b.ikes).toEqual({});
    await other.deliver();
    expect(a.ikes).toEqual({});
    return { ikes: [], news: down };
  },
});
