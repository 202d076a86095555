import { expect } from 'vitest';
import { collisionCase } from './collision-case.ts';
import { otherSide } from './names.ts';
import { espBy, multiple, single } from './setups.ts';

/** Milliseconds after which nothing is left of a CHILD_SA that was replaced. */
const GRACE = 5100;

// A --> B  { N(REKEY_SA) SA Ni KEi TSi TSr }, { SA Nr KEr TSi TSr }; A --> B  { D(O) }, { D(O) }
collisionCase({
  id: 'CR-01',
  title: 'plain rekeying of a CHILD_SA',
  variants: ['A', 'B'],
  setup: single,
  run: async (stage, by) => {
    const [i, r] = stage.sides(by);
    const [other, fresh] = [otherSide(by), `${by}1`];
    const news = [`child-rekey O ${fresh}`];
    i.rekey('O');
    const request = await stage.take(`${by} REKEY O`);
    expect(i.children).toEqual({ O: 'REKEYING/INSTALLED' });
    await request.deliver();
    expect(r.children).toEqual({ O: 'REKEYED/INSTALLED', [fresh]: 'INSTALLED/REGISTERED' });
    expect(r.kernelSas).toEqual([`${fresh} in`, 'O in', 'O out']);
    expect([i.history, r.history]).toEqual([[], []]);
    await stage.deliver(`${other} OK ${fresh}`);
    expect(i.children).toMatchObject({ [fresh]: 'INSTALLED/INSTALLED' });
    expect(i.children['O']).toMatch(/^DELETING/);
    expect([i.history, r.history]).toEqual([news, []]);
    await stage.deliver(`${by} DELETE O`);
    expect(r.children).toEqual({ [fresh]: 'INSTALLED/INSTALLED' });
    expect([i.history, r.history]).toEqual([news, news]);
    await stage.deliver(`${other} DELETED O`);
    for (const side of [i, r]) {
      expect(side.children).toEqual({ [fresh]: 'INSTALLED/INSTALLED' });
      expect(side.kernelSas).toEqual([`${fresh} in`, `${fresh} out`, 'O in']);
    }
    await stage.pass(GRACE);
    for (const side of [i, r]) expect(side.kernelSas).toEqual([`${fresh} in`, `${fresh} out`]);
    return { children: [fresh], news };
  },
});

// A --> B  { N(REKEY_SA) SA Ni KEi TSi TSr }, { SA Nr KEr TSi TSr N(ADDITIONAL_KEY_EXCHANGE) }; then IKE_FOLLOWUP_KE
collisionCase({
  id: 'CR-02',
  title: 'rekeying of a CHILD_SA with an additional key exchange',
  variants: ['A', 'B'],
  setup: multiple,
  run: async (stage, by) => {
    const [i, r] = stage.sides(by);
    const [other, fresh] = [otherSide(by), `${by}1`];
    i.rekey('O');
    await stage.deliver(`${by} REKEY O`, `${other} OK ${fresh}…`);
    for (const side of [i, r]) {
      expect(side.children).toEqual({ O: 'REKEYING/INSTALLED' });
      expect(side.kernelSas).toEqual(['O in', 'O out']);
    }
    await stage.deliver(`${by} FOLLOWUP`);
    expect(r.children).toEqual({ O: 'REKEYED/INSTALLED', [fresh]: 'INSTALLED/REGISTERED' });
    expect(i.children).toEqual({ O: 'REKEYING/INSTALLED' });
    await stage.deliver(`${other} OK`, `${by} DELETE O`, `${other} DELETED O`);
    return { children: [fresh], news: [`child-rekey O ${fresh}`] };
  },
});

for (const [id, more] of [
  ['CR-03', ''],
  ['CR-04', '-ke1_ecp384'],
] as const) {
  // A --> B  { N(REKEY_SA) .. KE(x25519) }, { N(INVALID_KE_PAYLOAD, ecp256) }; A --> B  { N(REKEY_SA) .. KE(ecp256) }, {..}
  collisionCase({
    id,
    title: `the responder of a rekeying wants another key exchange method${more}`,
    variants: ['A', 'B'],
    setup: (by) => espBy(by, `aes128gcm16-x25519-ecp256${more}`, `aes128gcm16-ecp256${more}`),
    run: async (stage, by) => {
      const [i, r] = stage.sides(by);
      const other = otherSide(by);
      const ellipsis = more === '' ? '' : '…';
      const follow = more === '' ? [] : [`${by} FOLLOWUP`, `${other} OK`];
      i.rekey('O');
      await stage.deliver(`${by} REKEY O`);
      expect(r.children).toEqual({ O: 'INSTALLED/INSTALLED' });
      expect(r.kernel.sas.size).toBe(2);
      await stage.deliver(`${other} INVALID_KE_PAYLOAD`, `${by} REKEY O`);
      await stage.runOut();
      const [first] = Object.keys(i.children);
      await stage.pass(GRACE);
      i.rekey(`${first}`);
      await stage.deliver(`${by} REKEY ${first}`);
      const [answer] = await stage.pending();
      expect(answer).toMatch(new RegExp(`^${other} OK ${by}\\d${ellipsis}$`));
      await stage.deliver(`${answer}`, ...follow);
      await stage.runOut();
      const [second] = Object.keys(i.children);
      return {
        children: [`${second}`],
        news: [`child-rekey O ${first}`, `child-rekey ${first} ${second}`],
      };
    },
  });
}

collisionCase({
  id: 'CR-05',
  title: 'soft expiry at the responder that waits for the DELETE is ignored',
  variants: ['A', 'B'],
  setup: single,
  run: async (stage, by) => {
    const [i, r] = stage.sides(by);
    i.rekey('O');
    await stage.deliver(`${by} REKEY O`);
    r.expire('O', false);
    expect(await stage.pending()).toEqual([`${otherSide(by)} OK ${by}1`]);
    expect(r.children['O']).toBe('REKEYED/INSTALLED');
    return { children: [`${by}1`], news: [`child-rekey O ${by}1`] };
  },
});

collisionCase({
  id: 'CR-06',
  title: 'hard expiry at the responder that waits for the DELETE',
  variants: ['A', 'B'],
  setup: single,
  run: async (stage, by) => {
    const [i, r] = stage.sides(by);
    const [other, fresh] = [otherSide(by), `${by}1`];
    i.rekey('O');
    await stage.deliver(`${by} REKEY O`, `${other} OK ${fresh}`);
    const late = await stage.take(`${by} DELETE O`);
    r.expire('O', true);
    expect(await stage.pending()).toEqual([]);
    expect(r.children).toEqual({ [fresh]: 'INSTALLED/INSTALLED' });
    expect(r.history).toEqual([`child-rekey O ${fresh}`]);
    await late.deliver();
    await stage.deliver(`${other} EMPTY`);
    return { children: [fresh], news: [`child-rekey O ${fresh}`] };
  },
});

collisionCase({
  id: 'CR-07',
  title: 'the responder deletes the new CHILD_SA before the DELETE for the old one arrived',
  variants: ['A', 'B'],
  setup: single,
  run: async (stage, by) => {
    const [i, r] = stage.sides(by);
    const [other, fresh] = [otherSide(by), `${by}1`];
    i.rekey('O');
    await stage.deliver(`${by} REKEY O`, `${other} OK ${fresh}`);
    const first = await stage.take(`${by} DELETE O`);
    stage.traffic.stop();
    r.close(fresh);
    const second = await stage.take(`${other} DELETE ${fresh}`);
    expect(r.history).toEqual([`child-rekey O ${fresh}`]);
    await first.deliver();
    await second.deliver();
    await stage.runOut();
    return { news: [`child-rekey O ${fresh}`, `child-updown down ${fresh}`] };
  },
});

// A --> B  { N(REKEY_SA) .. }, { N(CHILD_SA_NOT_FOUND) }; A --> B  { SA Ni KEi TSi TSr }, { SA Nr KEr TSi TSr }
collisionCase({
  id: 'CR-08',
  title: 'the responder does not know the CHILD_SA to rekey',
  variants: ['A', 'B'],
  setup: single,
  run: async (stage, by) => {
    const [i, r] = stage.sides(by);
    const other = otherSide(by);
    stage.traffic.stop();
    r.lose('O');
    await stage.quiet();
    i.rekey('O');
    await stage.deliver(`${by} REKEY O`, `${other} CHILD_SA_NOT_FOUND O`);
    expect(i.history).toEqual(['child-updown down O']);
    await stage.deliver(`${by} CREATE`, `${other} OK ${by}2`);
    return { children: [`${by}2`], news: ['child-updown down O', `child-updown up ${by}2`] };
  },
});

// A --> B  { N(REKEY_SA, O) .. }; B --> A  { D(O) }, which is A's to delete; then the answer of B
for (const [id, burst] of [
  ['CR-09', false],
  ['EX-07', true],
] as const) {
  collisionCase({
    id,
    title: burst
      ? 'a DELETE for the old CHILD_SA overtakes the answer to its rekeying'
      : 'the peer deletes the old CHILD_SA itself before its answer arrives',
    variants: ['A', 'B'],
    burst,
    setup: single,
    run: async (stage, by) => {
      const [i, r] = stage.sides(by);
      const [other, fresh] = [otherSide(by), `${by}1`];
      i.rekey('O');
      await stage.deliver(`${by} REKEY O`);
      // It sends through the new one, which nobody knows here yet.
      stage.traffic.stop();
      r.deleteReplaced('O');
      const answer = await stage.take(`${other} OK ${fresh}`);
      const wrong = await stage.take(`${other} DELETE O`);
      if (burst) {
        await Promise.all([wrong.deliver(), answer.deliver()]);
      } else {
        await wrong.deliver();
        await stage.deliver(`${by} DELETED O`);
        expect(i.history).toEqual([]);
        expect(i.find('O')[1].outbound).toBe('INSTALLED');
        await answer.deliver();
      }
      expect(i.children).toEqual({ [fresh]: 'INSTALLED/INSTALLED' });
      expect(await stage.pending()).toEqual(burst ? [`${by} DELETED O`] : []);
      return { children: [fresh], news: [`child-rekey O ${fresh}`] };
    },
  });
}

collisionCase({
  id: 'CR-10',
  title: 'the DELETE after a rekeying is never answered',
  variants: ['A', 'B'],
  setup: single,
  run: async (stage, by) => {
    const [i, r] = stage.sides(by);
    const [other, fresh] = [otherSide(by), `${by}1`];
    i.rekey('O');
    await stage.deliver(`${by} REKEY O`, `${other} OK ${fresh}`);
    stage.traffic.stop();
    (await stage.take(`${by} DELETE O`)).drop();
    await stage.loseAll(300_000);
    expect(i.ikes).toEqual({});
    expect([...i.history].sort()).toEqual([
      `child-rekey O ${fresh}`,
      `child-updown down ${fresh}`,
      'ike-updown down I',
    ]);
    r.closeIke();
    await stage.loseAll(300_000);
    return { ikes: [] };
  },
});
