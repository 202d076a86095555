import { expect } from 'vitest';
import { collisionCase } from './collision-case.ts';
import { otherSide } from './names.ts';
import { multiple, single } from './setups.ts';

const down = ['child-updown down O'];

// i --> r  { N(REKEY_SA, O) .. } and r --> i  { D(O) } cross
collisionCase({
  id: 'CX-01',
  title: 'rekeying against deleting the same CHILD_SA',
  variants: ['A', 'B'],
  setup: single,
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    stage.traffic.stop();
    i.rekey('O');
    r.close('O');
    await stage.deliver(`${by} REKEY O`, `${other} DELETE O`);
    expect(i.children['O'] ?? 'DELETING').toMatch(/^DELETING/);
    await stage.deliver(`${other} TEMPORARY_FAILURE`, `${by} DELETED O`);
    expect(i.children).toEqual({});
    return { news: down };
  },
});

collisionCase({
  id: 'CX-02',
  title: 'deleting a CHILD_SA between CREATE_CHILD_SA and IKE_FOLLOWUP_KE of its rekeying',
  variants: ['A', 'B'],
  setup: multiple,
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    i.rekey('O');
    await stage.deliver(`${by} REKEY O`, `${other} OK ${by}1…`);
    stage.traffic.stop();
    r.close('O');
    await stage.deliver(`${by} FOLLOWUP`, `${other} DELETE O`);
    await stage.deliver(`${other} TEMPORARY_FAILURE`, `${by} DELETED O`);
    expect(i.children).toEqual({});
    return { news: down };
  },
});

collisionCase({
  id: 'CX-03',
  title: 'rekeying against deleting a CHILD_SA, the DELETE is late',
  variants: ['A', 'B'],
  setup: single,
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    i.rekey('O');
    r.close('O');
    stage.traffic.stop();
    await stage.deliver(`${by} REKEY O`, `${other} TEMPORARY_FAILURE`);
    expect(i.children).toEqual({ O: 'INSTALLED/INSTALLED' });
    await stage.deliver(`${other} DELETE O`, `${by} DELETED O`);
    expect(i.children).toEqual({});
    return { news: down };
  },
});

collisionCase({
  id: 'CX-04',
  title: 'rekeying against deleting a CHILD_SA, the request to rekey is late',
  variants: ['A', 'B'],
  setup: single,
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    stage.traffic.stop();
    i.rekey('O');
    r.close('O');
    const late = await stage.take(`${by} REKEY O`);
    await stage.deliver(`${other} DELETE O`, `${by} DELETED O`);
    await late.deliver();
    await stage.deliver(`${other} CHILD_SA_NOT_FOUND O`);
    expect(await stage.pending()).toEqual([]);
    return { news: down };
  },
});

collisionCase({
  id: 'CX-05',
  title: 'the new CHILD_SA is deleted before the answer that creates it arrives',
  variants: ['A', 'B'],
  setup: single,
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    const fresh = `${by}1`;
    i.rekey('O');
    await stage.deliver(`${by} REKEY O`);
    const late = await stage.take(`${other} OK ${fresh}`);
    stage.traffic.stop();
    r.close(fresh);
    await stage.deliver(`${other} DELETE ${fresh}`, `${by} EMPTY`);
    i.kernel.calls.length = 0;
    await late.deliver();
    expect(i.kernel.calls.filter((call) => call.startsWith('addSa out'))).toEqual([]);
    await stage.deliver(`${by} DELETE O`);
    await stage.runOut();
    return { news: [`child-rekey O ${fresh}`, `child-updown down ${fresh}`] };
  },
});

collisionCase({
  id: 'CX-07',
  title: 'rekeying a CHILD_SA against deleting the IKE_SA',
  variants: ['A', 'B'],
  setup: single,
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    stage.traffic.stop();
    i.rekey('O');
    r.closeIke();
    await stage.deliver(`${by} REKEY O`);
    const late = await stage.take(`${other} TEMPORARY_FAILURE`);
    await stage.deliver(`${other} DELETE IKE`, `${by} EMPTY`);
    await late.deliver();
    return { ikes: [], news: ['ike-updown down I', ...down] };
  },
});
