import { expect } from 'vitest';
import { findNotify, notify } from '../../../daemon/ike/payloads.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import type { NotifyPayload, Payload } from '../../../daemon/proto/payload.ts';
import { decide, lowest } from './collision.ts';
import { collisionCase } from './collision-case.ts';
import { otherSide } from './names.ts';
import { multiple, single } from './setups.ts';

// A --> B  { N(REKEY_SA, O) .. } twice, with different nonces, before A deletes O
collisionCase({
  id: 'EX-05',
  title: 'a confused peer rekeys the same CHILD_SA twice',
  variants: ['A', 'B'],
  setup: single,
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    i.rekey('O');
    const first = await stage.take(`${by} REKEY O`);
    await first.deliver();
    // In place of the DELETE for O.
    i.tamper(() => ({
      exchange: ExchangeType.CREATE_CHILD_SA,
      payloads: first.datagram.message.payloads.map((payload): Payload => {
        if (payload.kind === 'Nonce') return { ...payload, data: new Uint8Array(32).fill(3) };
        if (payload.kind !== 'SA') return payload;
        const spi = Uint8Array.of(0xca, 0xfe, 0, 1);
        return { ...payload, proposals: payload.proposals.map((one) => ({ ...one, spi })) };
      }),
    }));
    await stage.deliver(`${other} OK ${by}1`);
    await stage.deliver(`${by} REKEY O`);
    const [answer = ''] = await stage.pending();
    expect(answer).toMatch(new RegExp(`^${other} (OK|TEMPORARY_FAILURE)`));
    expect(Object.keys(r.children).length).toBeLessThanOrEqual(3);
    stage.traffic.stop();
    // Nobody knows what such a peer believes: all of it goes.
    i.closeIke();
    await stage.untilCalm();
    return { ikes: [] };
  },
});

// A's request is refused for good, B's own one succeeds
collisionCase({
  id: 'EX-06',
  title: 'a rekeying that is refused does not hinder the one of the peer',
  variants: lowest,
  setup: single,
  run: async (stage, variant) => {
    decide(stage, variant);
    const { a, b } = stage;
    a.rekey('O');
    b.rekey('O');
    b.kernel.refuse((operation) => (operation === 'addSa' ? 'ENOMEM' : undefined));
    await stage.deliver('A REKEY O');
    b.kernel.refuse(() => undefined);
    await stage.deliver('B REKEY O', 'B NO_PROPOSAL_CHOSEN');
    expect(a.children).toMatchObject({ B1: 'INSTALLED/REGISTERED' });
    await stage.deliver('A OK B1', 'B DELETE O');
    expect(a.children).toMatchObject({ B1: 'INSTALLED/INSTALLED' });
    b.nonces.clear();
    a.nonces.clear();
    await stage.deliver('A DELETED O');
    return { children: ['B1'], news: ['child-rekey O B1'] };
  },
});

collisionCase({
  id: 'EX-11',
  title: 'a peer that is only ever busy is given up after some minutes',
  variants: ['A', 'B'],
  setup: single,
  run: async (stage, by) => {
    const [i, r] = stage.sides(by);
    const busy = r.ike('I');
    const handle = busy.handleRequest.bind(busy);
    busy.handleRequest = (request) =>
      request.message.exchange === ExchangeType.CREATE_CHILD_SA
        ? Promise.resolve({ payloads: [notify(NotifyType.TEMPORARY_FAILURE)] })
        : handle(request);
    i.rekey('O');
    await stage.deliver(`${by} REKEY O`, `${otherSide(by)} TEMPORARY_FAILURE`);
    expect(await stage.pending()).toEqual([]);
    let requests = 1;
    stage.traffic.stop();
    for (let passed = 0; passed < 600_000 && Object.keys(i.ikes).length > 0; passed += 1000) {
      await stage.pass(1000);
      const delivered = await stage.runOut();
      requests += delivered.filter((text) => text === `${by} REKEY O`).length;
    }
    expect(i.ikes).toEqual({});
    expect(requests).toBeGreaterThan(3);
    expect(requests).toBeLessThan(100);
    expect(i.host.lines.join('\n')).toMatch(/TEMPORARY_FAILURE/);
    return { ikes: [] };
  },
});

collisionCase({
  id: 'EX-16',
  title: 'liveness checks wait for their turn and are not lost',
  variants: lowest,
  setup: single,
  run: async (stage, variant) => {
    const { kept } = decide(stage, variant);
    const { a, b } = stage;
    a.rekey('O');
    b.rekey('O');
    a.check();
    b.check();
    expect(await stage.pending()).toEqual(['A REKEY O', 'B REKEY O']);
    const delivered = await stage.runOut();
    expect(delivered.filter((text) => text.endsWith(' INFO'))).toHaveLength(2);
    return { children: [kept], news: [`child-rekey O ${kept}`] };
  },
});

const wrong = {
  'SPI 0': { spi: new Uint8Array(4) },
  'SPI of two octets': { spi: Uint8Array.of(1, 2) },
  'SPI of eight octets': { spi: new Uint8Array(8).fill(1) },
  'no SPI': { spi: new Uint8Array(0) },
  'protocol 0': { protocol: 0 },
  'protocol IKE': { protocol: 1 },
  'protocol AH': { protocol: 2 },
} satisfies Record<string, Partial<NotifyPayload>>;

collisionCase<keyof typeof wrong>({
  id: 'EX-18',
  title: 'a request to rekey what cannot be is refused and harms nothing',
  variants: Object.keys(wrong) as (keyof typeof wrong)[],
  setup: single,
  run: async (stage, variant) => {
    const { a, b } = stage;
    a.rekey('O');
    const honest = await stage.take('A REKEY O');
    const { payloads } = honest.datagram.message;
    const about = findNotify(honest.datagram.message, NotifyType.REKEY_SA);
    await honest.deliver();
    await stage.runOut();
    await stage.pass(6000);
    const spi = Uint8Array.of(0xca, 0xfe, 0, 1);
    a.say(
      ExchangeType.CREATE_CHILD_SA,
      payloads.map((payload): Payload => {
        if (payload === about) return { ...payload, ...wrong[variant] };
        if (payload.kind !== 'SA') return payload;
        return { ...payload, proposals: payload.proposals.map((one) => ({ ...one, spi })) };
      }),
    );
    const [request] = await stage.underWay();
    if (request === undefined) throw new RangeError('nothing was said');
    await stage.hold(request).deliver();
    const [answer = ''] = await stage.pending();
    expect(answer).toMatch(/^B (CHILD_SA_NOT_FOUND|INVALID_SYNTAX)/);
    expect(b.children).toEqual({ A1: 'INSTALLED/INSTALLED' });
    return { children: ['A1'], news: ['child-rekey O A1'] };
  },
});

collisionCase({
  id: 'EX-19',
  title: 'a connection unloaded while a rekeying is under way',
  variants: ['A', 'B'],
  setup: single,
  run: async (stage, by) => {
    const [i, r] = stage.sides(by);
    i.rekey('O');
    await stage.deliver(`${by} REKEY O`);
    for (const side of [i, r]) await side.host.daemon.control.unloadConnection('gw');
    await stage.runOut();
    return { children: [`${by}1`], news: [`child-rekey O ${by}1`] };
  },
});

collisionCase({
  id: 'EX-22',
  title: 'an IKE_FOLLOWUP_KE that belongs to nothing',
  variants: ['unknown', 'none'],
  setup: multiple,
  run: async (stage, variant) => {
    const { a } = stage;
    a.rekey('O');
    await stage.deliver('A REKEY O');
    if (variant === 'none') {
      await stage.deliver('B OK A1…');
      const honest = await stage.take('A FOLLOWUP');
      await honest.deliver();
      await stage.runOut();
      a.say(ExchangeType.IKE_FOLLOWUP_KE, honest.datagram.message.payloads);
      await stage.deliver('A FOLLOWUP', 'B STATE_NOT_FOUND');
      return { children: ['A1'], news: ['child-rekey O A1'] };
    }
    a.tamper(({ exchange, payloads }) => ({
      exchange,
      payloads: payloads.map((payload) =>
        payload.kind === 'Notify' ? { ...payload, data: new Uint8Array(8) } : payload,
      ),
    }));
    await stage.deliver('B OK A1…', 'A FOLLOWUP', 'B STATE_NOT_FOUND');
    expect(a.children['O']).toMatch(/INSTALLED$/);
    await stage.untilCalm();
    return { children: Object.keys(a.children) };
  },
});

// A --> B  { D(O) } and B --> A  { N(REKEY_SA, A1) .. } cross: strongSwan 6.1.0 that asks so early forgets to delete A1 once it replaced it.
collisionCase({
  id: 'EX-24',
  title: 'what replaced a CHILD_SA is not replaced before the DELETE for the old one is answered',
  variants: ['A', 'B'],
  setup: single,
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    // The first attempt to replace the new one is refused, the second is not.
    const [fresh, last] = [`${by}1`, `${other}2`];
    i.rekey('O');
    await stage.deliver(`${by} REKEY O`, `${other} OK ${fresh}`);
    const deletion = await stage.take(`${by} DELETE O`);
    // As a peer does that uses the new one at once.
    await r.find(fresh)[1].installOutbound();
    r.rekey(fresh);
    await stage.deliver(`${other} REKEY ${fresh}`, `${by} TEMPORARY_FAILURE`);
    expect(i.children).toMatchObject({ [fresh]: 'INSTALLED/INSTALLED' });
    await deletion.deliver();
    await stage.deliver(`${other} DELETED O`);
    await stage.untilCalm();
    return { children: [last], news: [`child-rekey O ${fresh}`, `child-rekey ${fresh} ${last}`] };
  },
});
