import { expect, test } from 'vitest';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { siege } from '../siege.ts';

const ROUNDS = 40;

// SEC-14: what a peer leaves to us is bounded, also where it has proven who it is
test('a peer that rekeys the IKE_SA again and again and deletes nothing has a few of them at most', async () => {
  await using attack = await siege();
  const peer = attack.puppet();
  await peer.init();
  await peer.auth();
  for (let round = 0; round < ROUNDS; round++) {
    const answer = await peer.rekeyIke();
    expect(answer?.payloads.map(({ kind }) => kind)).toContain('SA');
    expect(await peer.request(ExchangeType.INFORMATIONAL, [])).toBeDefined();
  }
  expect(attack.gateway.established).toHaveLength(1);
  expect(attack.gateway.children).toHaveLength(1);
  expect(attack.gateway.daemon.manager.size).toBeLessThanOrEqual(3);
  await attack.expectAlive();
});
