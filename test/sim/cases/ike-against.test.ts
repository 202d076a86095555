import { expect } from 'vitest';
import { collisionCase } from './collision-case.ts';
import { otherSide } from './names.ts';
import { ikeMultiple, single } from './setups.ts';

const down = ['ike-updown down I', 'child-updown down O'];

collisionCase({
  id: 'CD-04',
  title: 'deleting a CHILD_SA against rekeying the IKE_SA',
  variants: ['A', 'B'],
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    stage.traffic.stop();
    i.close('O');
    r.rekeyIke();
    await stage.deliver(`${by} DELETE O`, `${other} REKEY IKE`);
    await stage.deliver(`${by} TEMPORARY_FAILURE`, `${other} DELETED O`);
    for (const side of [i, r]) expect(side.ikes).toEqual({ I: 'ESTABLISHED' });
    expect(await stage.pending()).toEqual([]);
    await stage.untilCalm();
    const [ike = ''] = Object.keys(i.ikes);
    expect(ike).not.toBe('I');
    return { ikes: [ike], news: ['child-updown down O', `ike-rekey I ${ike}`] };
  },
});

collisionCase({
  id: 'IX-01',
  title: 'rekeying against deleting the IKE_SA',
  variants: ['A', 'B'],
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    stage.traffic.stop();
    i.rekeyIke();
    r.closeIke();
    await stage.deliver(`${by} REKEY IKE`);
    const late = await stage.take(`${other} TEMPORARY_FAILURE`);
    await stage.deliver(`${other} DELETE IKE`, `${by} EMPTY`);
    await late.deliver();
    return { ikes: [], news: down };
  },
});

collisionCase({
  id: 'IX-02',
  title: 'deleting the IKE_SA between CREATE_CHILD_SA and IKE_FOLLOWUP_KE of its rekeying',
  variants: ['A', 'B'],
  setup: ikeMultiple,
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    i.rekeyIke();
    await stage.deliver(`${by} REKEY IKE`, `${other} OK I${by}1…`);
    stage.traffic.stop();
    r.closeIke();
    await stage.deliver(`${by} FOLLOWUP`);
    const late = await stage.take(`${other} TEMPORARY_FAILURE`);
    await stage.deliver(`${other} DELETE IKE`, `${by} EMPTY`);
    await late.deliver();
    return { ikes: [], news: down };
  },
});

collisionCase({
  id: 'IX-03',
  title: 'rekeying against deleting the IKE_SA, the DELETE is late',
  variants: ['A', 'B'],
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    stage.traffic.stop();
    i.rekeyIke();
    r.closeIke();
    await stage.deliver(`${by} REKEY IKE`, `${other} TEMPORARY_FAILURE`);
    expect(i.ikes).toEqual({ I: 'ESTABLISHED' });
    expect(await stage.pending()).toEqual([`${other} DELETE IKE`]);
    await stage.deliver(`${other} DELETE IKE`, `${by} EMPTY`);
    return { ikes: [], news: down };
  },
});

collisionCase({
  id: 'CE-02',
  title: 'one side creates a CHILD_SA, the other rekeys the IKE_SA',
  variants: ['A', 'B'],
  setup: { ...single, moreChildren: ['second'] },
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    const outcome = i.host.initiate('second');
    r.rekeyIke();
    await stage.deliver(`${by} CREATE`, `${other} REKEY IKE`);
    await stage.deliver(`${other} TEMPORARY_FAILURE`, `${by} TEMPORARY_FAILURE`);
    expect(await stage.pending()).toEqual([]);
    for (const side of [i, r]) expect(side.ikes).toEqual({ I: 'ESTABLISHED' });
    await stage.untilCalm();
    expect(await stage.world.during(outcome, 1000)).toEqual({ ok: true });
    const [ike = ''] = Object.keys(i.ikes);
    expect(ike).not.toBe('I');
    const second = Object.keys(i.children).filter((name) => name !== 'O');
    expect(second).toHaveLength(1);
    for (const side of [i, r]) {
      expect([...side.history].sort()).toEqual([
        `child-updown up ${second[0]}`,
        `ike-rekey I ${ike}`,
      ]);
    }
    return { ikes: [ike], children: ['O', ...second] };
  },
});

collisionCase({
  id: 'CX-06',
  title: 'rekeying a CHILD_SA against rekeying the IKE_SA',
  variants: ['A', 'B'],
  setup: single,
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    i.rekey('O');
    r.rekeyIke();
    await stage.deliver(`${by} REKEY O`, `${other} REKEY IKE`);
    await stage.deliver(`${other} TEMPORARY_FAILURE`, `${by} TEMPORARY_FAILURE`);
    for (const side of [i, r]) {
      expect(side.children).toEqual({ O: 'INSTALLED/INSTALLED' });
      expect(side.ikes).toEqual({ I: 'ESTABLISHED' });
      expect(side.history).toEqual([]);
    }
    // Neither is sent again at once.
    expect(await stage.pending()).toEqual([]);
    await stage.untilCalm();
    const [child = '', ike = ''] = [Object.keys(i.children)[0], Object.keys(i.ikes)[0]];
    expect(child).not.toBe('O');
    expect(ike).not.toBe('I');
    for (const side of [i, r]) {
      expect([...side.history].sort()).toEqual([`child-rekey O ${child}`, `ike-rekey I ${ike}`]);
    }
    return { children: [child], ikes: [ike] };
  },
});
