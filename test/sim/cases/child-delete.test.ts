import { expect } from 'vitest';
import { collisionCase } from './collision-case.ts';
import { otherSide } from './names.ts';

const gone = { O: 'child-updown down O' };

// A --> B  INFORMATIONAL { D(O) }; B --> A  INFORMATIONAL { D(O) }
collisionCase({
  id: 'CD-01',
  title: 'delete of a CHILD_SA',
  variants: ['A', 'B'],
  run: async (stage, by) => {
    const [i, r] = stage.sides(by);
    stage.traffic.stop();
    i.close('O');
    const request = await stage.take(`${by} DELETE O`);
    expect(i.children).toEqual({ O: 'DELETING/INSTALLED' });
    await request.deliver();
    expect(r.children).toEqual({});
    expect(r.news()).toEqual([gone.O]);
    expect(i.news()).toEqual([]);
    await stage.deliver(`${otherSide(by)} DELETED O`);
    expect(i.children).toEqual({});
    return { news: [gone.O] };
  },
});

// A --> B  { D(O) } and B --> A  { D(O) } cross; both are answered with nothing
collisionCase({
  id: 'CD-02',
  title: 'both delete the same CHILD_SA',
  variants: [''],
  run: async (stage) => {
    const { a, b } = stage;
    stage.traffic.stop();
    a.close('O');
    b.close('O');
    await stage.deliver('A DELETE O', 'B DELETE O');
    expect([a.news(), b.news()]).toEqual([[], []]);
    await stage.deliver('A EMPTY', 'B EMPTY');
    expect([a.news(), b.news()]).toEqual([[gone.O], [gone.O]]);
    expect([a.children, b.children]).toEqual([{}, {}]);
    return { news: [gone.O] };
  },
});

// A --> B  { D(O) } arrives at once; B --> A  { D(O) } only after B had its answer
collisionCase({
  id: 'CD-03',
  title: 'both delete the same CHILD_SA, one request is late',
  variants: [''],
  run: async (stage) => {
    const { a, b } = stage;
    stage.traffic.stop();
    a.close('O');
    b.close('O');
    const late = await stage.take('B DELETE O');
    await stage.deliver('A DELETE O', 'B EMPTY');
    expect(a.news()).toEqual([gone.O]);
    await late.deliver();
    expect(a.news()).toEqual([]);
    await stage.deliver('A EMPTY');
    return { news: [gone.O] };
  },
});

collisionCase({
  id: 'CD-05',
  title: 'delete of a CHILD_SA against delete of the IKE_SA',
  variants: ['A', 'B'],
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    stage.traffic.stop();
    i.close('O');
    r.closeIke();
    const deletes = [await stage.take(`${by} DELETE O`), await stage.take(`${other} DELETE IKE`)];
    await deletes[0]?.deliver();
    const late = await stage.take(`${other} DELETED O`);
    await deletes[1]?.deliver();
    expect(i.ikes).toEqual({});
    await stage.deliver(`${by} EMPTY`);
    await late.deliver();
    const down = ['ike-updown down I', gone.O];
    // The one who closes the IKE_SA has lost the CHILD_SA by then.
    return { ikes: [], news: { [by]: down, [other]: [...down].reverse() } };
  },
});
