import { describe, expect, test } from 'vitest';
import { type RefusedPeer, RefusedPeers } from '../../../../daemon/ike/attempts/refused-peers.ts';
import type { IpAddress } from '../../../../daemon/proto/ip-address.ts';
import { ip } from '../../../support/selectors.ts';

const local = { address: ip('192.0.2.1'), port: 500 };
let clock = 0;

function peer(address: IpAddress, members: Partial<RefusedPeer> = {}) {
  clock += 1;
  return {
    step: 'IKE_SA_INIT',
    kind: 'proposal',
    reason: 'nothing in common',
    notify: 14,
    local,
    remote: { address, port: 500 },
    last: clock,
    ...members,
  } as const;
}

const stranger = (n: number): IpAddress => ip(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);

describe('refused peers', () => {
  test('strangers, as many as they are, push out nobody whom a connection names', () => {
    const peers = new RefusedPeers();
    peers.note(peer(ip('192.0.2.2')), true);
    for (let n = 0; n < 10_000; n++) peers.note(peer(stranger(n)), false);
    for (let n = 0; n < 10_000; n++) peers.ignored(local, peer(stranger(n)).remote, 'limit', clock);
    expect(peers.size).toBe(1 + 64 + 64);
    expect(peers.all().some(({ remote }) => remote.address === '192.0.2.2')).toBe(true);
  });

  test('those whom connections name are bounded as well', () => {
    const peers = new RefusedPeers();
    for (let n = 0; n < 1000; n++) peers.note(peer(stranger(n)), true);
    expect(peers.size).toBe(256);
    expect(peers.all()[0]?.remote.address).toBe(stranger(999));
  });

  test('one that comes again is counted, and is the last one', () => {
    const peers = new RefusedPeers();
    const first = peer(stranger(1));
    peers.note(first, false);
    peers.note(peer(stranger(2)), false);
    peers.note(peer(stranger(1), { reason: 'another' }), false);
    expect(peers.all().map(({ times, reason }) => [times, reason])).toEqual([
      [2, 'another'],
      [1, 'nothing in common'],
    ]);
    expect(peers.all()[0]?.first).toBe(first.last);
  });

  test('long identities and proposals are not kept', () => {
    const peers = new RefusedPeers();
    const transforms = Array.from({ length: 100 }, (_, id) => ({ type: 4, id }));
    const proposal = { number: 1, protocol: 1, spi: new Uint8Array(8), transforms };
    const remoteId = { type: 2, data: new Uint8Array(257) };
    peers.note(peer(stranger(1), { remoteId, proposals: [proposal, proposal] }), false);
    const [kept] = peers.all();
    expect(kept?.remoteId).toBeUndefined();
    expect(kept?.proposals?.flatMap((each) => each.transforms)).toHaveLength(48);
    expect(kept?.proposals?.[0]?.spi).toHaveLength(0);
  });
});
