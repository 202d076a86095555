import { describe, expect, test } from 'vitest';
import { acrossNat, backAcrossNat, narrowAcrossNat } from '../../../daemon/ike/nat-selectors.ts';
import { ip, ts } from '../../support/selectors.ts';

const OURS = '192.0.2.1';
const NAT = '198.51.100.254';

describe('selectors of transport mode requests across a NAT', () => {
  test('single hosts become the address seen here, and the peer gets its own address back', () => {
    const sent = [ts(OURS, 17, 53), ts(OURS, 1)];
    const seen = acrossNat(sent, ip(NAT));
    expect(seen).toEqual([ts(NAT, 17, 53), ts(NAT, 1)]);
    expect(backAcrossNat(seen, sent)).toEqual(sent);
  });

  test('networks and ranges are left alone', () => {
    for (const text of ['10.1.0.0/24', '10.1.0.1-10.1.0.2']) {
      expect(acrossNat([ts(text)], ip(NAT))).toEqual([ts(text)]);
    }
  });
});

describe('answers to transport mode requests across a NAT', () => {
  test('the address sent, or the one the responder saw, are both ours', () => {
    for (const answered of [ts(OURS), ts(NAT)]) {
      expect(narrowAcrossNat([ts(OURS)], [answered], ip(OURS))).toEqual([ts(OURS)]);
    }
  });

  test('protocol and ports stay narrowed', () => {
    expect(narrowAcrossNat([ts(OURS)], [ts(NAT, 17, 53)], ip(OURS))).toEqual([ts(OURS, 17, 53)]);
    expect(narrowAcrossNat([ts(OURS, 6)], [ts(NAT, 17, 53)], ip(OURS))).toEqual([]);
  });

  test('without a NAT on that side, or with a network, another address is not ours', () => {
    expect(narrowAcrossNat([ts(OURS)], [ts(NAT)], undefined)).toEqual([]);
    expect(narrowAcrossNat([ts(OURS)], [ts('198.51.100.0/24')], ip(OURS))).toEqual([]);
  });

  test('selectors of ours that are not the address seen are not widened to it', () => {
    expect(narrowAcrossNat([ts('10.1.0.1')], [ts(NAT)], ip(OURS))).toEqual([]);
  });
});
