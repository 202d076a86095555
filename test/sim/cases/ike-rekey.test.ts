import { expect } from 'vitest';
import { collisionCase } from './collision-case.ts';
import { otherSide } from './names.ts';
import { ikeBy, ikeMultiple } from './setups.ts';

// i --> r  CREATE_CHILD_SA { SA Ni KEi }, { SA Nr KEr }; i --> r  INFORMATIONAL { D(IKE) }, { }
collisionCase({
  id: 'IR-01',
  title: 'plain rekeying of an IKE_SA',
  variants: ['A', 'B'],
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    const fresh = `I${by}1`;
    i.rekeyIke();
    const request = await stage.take(`${by} REKEY IKE`);
    expect(i.ikes).toEqual({ I: 'REKEYING' });
    await request.deliver();
    expect(r.ikes).toEqual({ I: 'REKEYED', [fresh]: 'ESTABLISHED' });
    await stage.deliver(`${other} OK ${fresh}`);
    expect(i.history).toEqual([`ike-rekey I ${fresh}`]);
    expect(i.ikes).toEqual({ I: 'DELETING', [fresh]: 'ESTABLISHED' });
    const last = await stage.take(`${by} DELETE IKE`);
    expect(stage.names.ike(last.datagram.message.spiI)).toBe('I');
    await last.deliver();
    expect(r.ikes).toEqual({ [fresh]: 'ESTABLISHED' });
    await stage.deliver(`${other} EMPTY`);
    for (const side of [i, r]) {
      expect(side.family).toEqual({ [fresh]: ['O'] });
      expect(side.ike(fresh).isInitiator).toBe(side === i);
    }
    // The counters of both sides begin anew.
    stage.traffic.start();
    for (const side of [i, r]) {
      side.rekey(Object.keys(side.children)[0] ?? '');
      const child = Object.keys(side.children)[0] ?? '';
      const first = await stage.take(`${side.name} REKEY ${child}`);
      expect(first.datagram.message.messageId).toBe(0);
      await first.deliver();
      await stage.runOut();
      await stage.pass(6000);
    }
    const [child = ''] = Object.keys(i.children);
    const [middle] = [`${by}1`];
    expect(child).toBe(`${other}1`);
    return {
      ikes: [fresh],
      children: [child],
      news: [`ike-rekey I ${fresh}`, `child-rekey O ${middle}`, `child-rekey ${middle} ${child}`],
    };
  },
});

collisionCase({
  id: 'IR-02',
  title: 'rekeying of an IKE_SA with an additional key exchange',
  variants: ['A', 'B'],
  setup: ikeMultiple,
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    const fresh = `I${by}1`;
    i.rekeyIke();
    await stage.deliver(`${by} REKEY IKE`, `${other} OK ${fresh}…`);
    expect(i.ikes).toEqual({ I: 'REKEYING' });
    expect(r.family).toEqual({ I: ['O'] });
    await stage.deliver(`${by} FOLLOWUP`);
    expect(r.ikes).toEqual({ I: 'REKEYED', [fresh]: 'ESTABLISHED' });
    await stage.deliver(`${other} OK`, `${by} DELETE IKE`, `${other} EMPTY`);
    return { ikes: [fresh], children: ['O'], news: [`ike-rekey I ${fresh}`] };
  },
});

for (const [id, more] of [
  ['IR-03', ''],
  ['IR-04', '-ke1_ecp384'],
] as const) {
  collisionCase({
    id,
    title: `the responder of an IKE_SA's rekeying wants another key exchange method${more}`,
    variants: ['A', 'B'],
    setup: (by) => ikeBy(by, `x25519-ecp256${more}`, `ecp256${more}`),
    run: async (stage, by) => {
      const other = otherSide(by);
      const [i, r] = stage.sides(by);
      i.rekeyIke();
      await stage.deliver(`${by} REKEY IKE`);
      expect(r.ikes).toEqual({ I: 'ESTABLISHED' });
      await stage.deliver(`${other} INVALID_KE_PAYLOAD`, `${by} REKEY IKE`);
      await stage.runOut();
      const [fresh = ''] = Object.keys(i.ikes);
      expect(fresh).not.toBe('I');
      return { ikes: [fresh], children: ['O'], news: [`ike-rekey I ${fresh}`] };
    },
  });
}
