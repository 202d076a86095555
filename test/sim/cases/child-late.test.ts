import { expect } from 'vitest';
import { decide, type Lowest } from './collision.ts';
import { collisionCase } from './collision-case.ts';
import { multiple, single } from './setups.ts';
import type { Held, Stage } from './stage.ts';

/** Nonces of a request that is refused take part in nothing; three of the four can be the lowest. */
type Late = 'a' | 'b' | 'd';
const late: readonly Late[] = ['a', 'b', 'd'];

/** Both have started, B knows A's answer, A's request is still under way. */
async function late1(stage: Stage, variant: Lowest, more = ''): Promise<Held> {
  decide(stage, variant);
  stage.a.rekey('O');
  stage.b.rekey('O');
  const request = await stage.take('A REKEY O');
  await stage.deliver('B REKEY O');
  expect(stage.a.children).toMatchObject(
    more === '' ? { O: 'REKEYED/INSTALLED', B1: 'INSTALLED/REGISTERED' } : {},
  );
  await stage.deliver(`A OK B1${more}`);
  return request;
}

const news = ['child-rekey O B1'];

for (const [id, title, setup, more] of [
  ['CC-07', 'the request of A comes when B deletes the old CHILD_SA', single, ''],
  ['CC-10', 'the same with an additional key exchange', multiple, '…'],
] as const) {
  collisionCase<`${Late}-${'delete' | 'failure'}-first`>({
    id,
    title,
    variants: late.flatMap((one) => [`${one}-delete-first`, `${one}-failure-first`] as const),
    setup,
    run: async (stage, variant) => {
      const { a } = stage;
      const request = await late1(stage, variant[0] as Late, more);
      if (more === '') {
        await request.deliver();
      } else {
        // B is in the middle of its own rekeying.
        await request.deliver();
        await stage.take('B TEMPORARY_FAILURE').then(async (failure) => {
          if (variant.endsWith('failure-first')) await failure.deliver();
          await stage.deliver('B FOLLOWUP', 'A OK', 'B DELETE O');
          if (variant.endsWith('delete-first')) await failure.deliver();
        });
        expect(a.children).toMatchObject({ B1: 'INSTALLED/INSTALLED' });
        return { children: ['B1'], news };
      }
      if (variant.endsWith('delete-first')) {
        await stage.deliver('B DELETE O');
        expect(a.history).toEqual(news);
        await stage.deliver('B TEMPORARY_FAILURE', 'A DELETED O');
      } else {
        await stage.deliver('B TEMPORARY_FAILURE');
        expect(a.children).toEqual({ O: 'REKEYED/INSTALLED', B1: 'INSTALLED/REGISTERED' });
        await stage.deliver('B DELETE O');
        expect(a.children).toMatchObject({ B1: 'INSTALLED/INSTALLED' });
        await stage.deliver('A DELETED O');
      }
      return { children: ['B1'], news };
    },
  });
}

collisionCase<Late>({
  id: 'CC-08',
  title: 'the request of A comes when B has removed the old CHILD_SA',
  variants: late,
  setup: single,
  run: async (stage, variant) => {
    const request = await late1(stage, variant);
    await stage.deliver('B DELETE O', 'A DELETED O');
    await request.deliver();
    await stage.deliver('B CHILD_SA_NOT_FOUND O');
    expect(await stage.pending()).toEqual([]);
    return { children: ['B1'], news };
  },
});

collisionCase<Late>({
  id: 'CC-09',
  title: 'as CC-08, and B has deleted the new CHILD_SA as well',
  variants: late,
  setup: single,
  run: async (stage, variant) => {
    const request = await late1(stage, variant);
    await stage.deliver('B DELETE O', 'A DELETED O');
    stage.traffic.stop();
    stage.b.close('B1');
    await stage.deliver('B DELETE B1', 'A DELETED B1');
    await request.deliver();
    await stage.deliver('B CHILD_SA_NOT_FOUND O');
    expect(await stage.pending()).toEqual([]);
    return { news: ['child-rekey O B1', 'child-updown down B1'] };
  },
});

/** Each side insists on a method of its own, as the responder chooses. */
const stubborn = {
  moonEsp: ['aes128gcm16-x25519-ecp256'],
  carolEsp: ['aes128gcm16-ecp256-x25519'],
};

/** Both were refused their method and are about to try again. */
async function refused(stage: Stage, variant: Lowest): Promise<void> {
  const { a, b } = stage;
  // What the first requests carry must not count: it would decide the other way round.
  const lie = variant === 'a' || variant === 'c' ? 0xff : 0;
  a.nonces.begin(lie);
  b.nonces.begin(lie ^ 0xff);
  a.rekey('O');
  b.rekey('O');
  await stage.deliver('A REKEY O', 'B REKEY O');
  a.nonces.clear();
  b.nonces.clear();
}

collisionCase({
  id: 'CC-11',
  title: 'both rekey, are refused their key exchange method, and try again',
  variants: ['a', 'b', 'c', 'd'],
  setup: stubborn,
  run: async (stage, variant) => {
    const { a, b } = stage;
    await refused(stage, variant);
    const { winner } = decide(stage, variant);
    await stage.deliver('A INVALID_KE_PAYLOAD', 'B INVALID_KE_PAYLOAD');
    await stage.deliver('A REKEY O', 'B REKEY O');
    const [first, second] = await stage.pending();
    await stage.deliver(`${first}`, `${second}`);
    await stage.runOut();
    const [kept = ''] = Object.keys(a.children);
    expect(kept[0]).toBe(winner);
    expect([a.nonces.left, b.nonces.left]).toEqual([0, 0]);
    return { children: [kept], news: [`child-rekey O ${kept}`] };
  },
});

collisionCase<Late>({
  id: 'CC-12',
  title: 'as CC-11, and the second request of A is late',
  variants: late,
  setup: stubborn,
  run: async (stage, variant) => {
    const { a, b } = stage;
    await refused(stage, variant);
    decide(stage, variant);
    await stage.deliver('A INVALID_KE_PAYLOAD', 'B INVALID_KE_PAYLOAD');
    const request = await stage.take('A REKEY O');
    await stage.deliver('B REKEY O');
    const [answer = ''] = await stage.pending();
    await stage.deliver(answer);
    await request.deliver();
    await stage.deliver('B TEMPORARY_FAILURE');
    expect(a.children['O']).toBe('REKEYED/INSTALLED');
    await stage.deliver('B DELETE O', 'A DELETED O');
    a.nonces.clear();
    b.nonces.clear();
    const [kept = ''] = Object.keys(a.children);
    expect(kept[0]).toBe('B');
    return { children: [kept], news: [`child-rekey O ${kept}`] };
  },
});
