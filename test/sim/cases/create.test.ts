import { expect } from 'vitest';
import { collisionCase } from './collision-case.ts';
import { otherSide } from './names.ts';
import { multiple, single } from './setups.ts';

collisionCase({
  id: 'CE-01',
  title: 'a CHILD_SA equal to one that exists is not asked for',
  variants: ['A', 'B'],
  setup: single,
  run: async (stage, by) => {
    const [i] = stage.sides(by);
    const outcome = i.host.initiate('net');
    expect(await stage.pending()).toEqual([]);
    const errmsg = expect.stringContaining('is established already');
    expect(await stage.world.during(outcome)).toEqual({ ok: false, errmsg });
    return { children: ['O'], news: [] };
  },
});

// A --> B  CREATE_CHILD_SA { SA Ni KEi TSi TSr }, { SA Nr KEr TSi TSr N(ADDITIONAL_KEY_EXCHANGE) }, then IKE_FOLLOWUP_KE
collisionCase({
  id: 'CE-03',
  title: 'a CHILD_SA with an additional key exchange',
  variants: ['A', 'B'],
  setup: { ...multiple, moreChildren: ['second'] },
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    const fresh = `${by}1`;
    const up = [`child-updown up ${fresh}`];
    void i.host.initiate('second');
    await stage.deliver(`${by} CREATE`, `${other} OK ${fresh}…`);
    for (const side of [i, r]) expect(side.children).toEqual({ O: 'INSTALLED/INSTALLED' });
    await stage.deliver(`${by} FOLLOWUP`);
    expect([i.history, r.history]).toEqual([[], up]);
    await stage.deliver(`${other} OK`);
    expect([i.history, r.history]).toEqual([up, up]);
    return { children: ['O', fresh] };
  },
});
