import { expect } from 'vitest';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { encodeMessage } from '../../../daemon/wire/message.ts';
import { collisionCase } from './collision-case.ts';
import { otherSide } from './names.ts';
import { single } from './setups.ts';

// B is killed and starts anew; B --> A  IKE_AUTH { .. N(INITIAL_CONTACT) .. }
collisionCase({
  id: 'EX-02',
  title: 'a peer that restarted replaces what was there, once it is authenticated',
  variants: [''],
  run: async (stage) => {
    const { a, b } = stage;
    stage.traffic.stop();
    await stage.pass(1000);
    await b.restart(stage.world);
    void b.host.initiate('net');
    await stage.deliver('B INIT', 'A INIT');
    // Whoever is not authenticated yet replaces nothing.
    expect(a.children).toEqual({ O: 'INSTALLED/INSTALLED' });
    await stage.deliver('B AUTH');
    expect(a.history.filter((event) => event.includes(' down '))).toEqual([
      'ike-updown down I',
      'child-updown down O',
    ]);
    await stage.deliver('A OK O2');
    expect(await stage.pending()).toEqual([]);
    return { ikes: ['I2'], children: ['O2'] };
  },
});

// A --> B  IKE_SA_INIT, answered; B is killed, starts anew and initiates; A's IKE_AUTH finds nobody
collisionCase({
  id: 'EX-03',
  title: 'a peer that restarted between IKE_SA_INIT and IKE_AUTH initiates itself',
  variants: [''],
  empty: true,
  run: async (stage) => {
    const { a, b } = stage;
    stage.byHand();
    const ours = a.host.initiate('net');
    await stage.deliver('A INIT', 'B INIT');
    const lost = await stage.take('A AUTH');
    await b.restart(stage.world);
    const theirs = b.host.initiate('net');
    await stage.deliver('B INIT', 'A INIT', 'B AUTH', 'A OK O2');
    await lost.deliver();
    await stage.runOut();
    expect(await stage.world.during(theirs, 1000)).toEqual({ ok: true });
    for (let passed = 0; passed < 200_000; passed += 1000) {
      await stage.pass(1000);
      await stage.runOut();
    }
    expect(a.ikes).toEqual({ I2: 'ESTABLISHED' });
    await stage.world.during(ours);
    return { ikes: ['I2'], children: ['O2'] };
  },
});

collisionCase<'A' | 'B'>({
  id: 'EX-12',
  title: 'answers to nothing, and of another exchange type, change nothing',
  variants: ['A', 'B'],
  setup: single,
  run: async (stage, by) => {
    const other = otherSide(by);
    const [i, r] = stage.sides(by);
    i.rekey('O');
    const request = await stage.take(`${by} REKEY O`);
    const { message, packet } = request.datagram;
    const sa = r.ike('I');
    const forge = (exchange: number, messageId: number): void => {
      const answer = {
        ...message,
        exchange,
        messageId,
        isResponse: true,
        fromInitiator: sa.isInitiator,
        payloads: [],
      };
      const octets = encodeMessage(answer, sa.engine.outbound);
      stage.forward({
        ...packet,
        from: packet.to,
        to: packet.from,
        source: packet.destination,
        destination: packet.source,
        data: octets,
      });
    };
    forge(ExchangeType.INFORMATIONAL, message.messageId);
    forge(ExchangeType.CREATE_CHILD_SA, message.messageId + 1);
    forge(ExchangeType.CREATE_CHILD_SA, message.messageId + 100);
    if (message.messageId > 0) forge(ExchangeType.CREATE_CHILD_SA, message.messageId - 1);
    expect(await stage.pending()).toEqual([]);
    expect(i.children).toEqual({ O: 'REKEYING/INSTALLED' });
    await request.deliver();
    await stage.deliver(`${other} OK ${by}1`);
    return { children: [`${by}1`], news: [`child-rekey O ${by}1`] };
  },
});

collisionCase<'none' | 'start'>({
  id: 'EX-21',
  title: 'a rekeying that is refused for good is tried until the hard lifetime',
  variants: ['none', 'start'],
  run: async (stage, variant) => {
    const { a, b } = stage;
    a.rekey('O');
    b.kernel.refuse((operation) => (operation === 'addSa' ? 'ENOMEM' : undefined));
    let requests = 0;
    for (let passed = 0; passed < 300_000; passed += 5000) {
      const delivered = await stage.runOut();
      requests += delivered.filter((text) => text === 'A REKEY O').length;
      await stage.pass(5000);
    }
    await stage.runOut();
    expect(requests).toBeGreaterThan(10);
    expect(requests).toBeLessThan(60);
    expect([a.history, b.history]).toEqual([[], []]);
    stage.traffic.stop();
    b.kernel.refuse(() => undefined);
    a.expire('O', true);
    await stage.untilCalm();
    if (variant === 'none') return { news: ['child-updown down O'] };
    const [again = ''] = Object.keys(a.children);
    return { children: [again], news: ['child-updown down O', `child-updown up ${again}`] };
  },
  setup: (variant) => ({
    ...single,
    moonChild: { closeAction: { trap: false, start: variant === 'start' } },
  }),
});
