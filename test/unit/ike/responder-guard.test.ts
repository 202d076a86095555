import { beforeEach, describe, expect, test } from 'vitest';
import { type DaemonOptions, defaultOptions } from '../../../daemon/config/options.ts';
import { ResponderGuard } from '../../../daemon/ike/responder-guard.ts';
import type { InitPeek } from '../../../daemon/wire/init-peek.ts';
import { SeededRandom } from '../../sim/seeded-random.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { simCrypto } from '../../sim/world.ts';
import { ip } from '../../support/selectors.ts';

const peek: InitPeek = {
  spiI: new Uint8Array(8).fill(7),
  nonce: new Uint8Array(32).fill(9),
  cookie: undefined,
};
const stranger = ip('192.0.2.1');

describe('responder guard, RFC 7296 section 2.6', () => {
  let clock: VirtualClock;
  let options: DaemonOptions;
  let guard: ResponderGuard;

  beforeEach(() => {
    clock = new VirtualClock();
    options = defaultOptions();
    guard = new ResponderGuard({
      clock,
      random: new SeededRandom(1),
      crypto: simCrypto(),
      options: () => options,
    });
  });

  const open = (count: number, address = (i: number) => `10.0.${i >> 8}.${i & 255}`): void => {
    for (let i = 0; i < count; i++) guard.opened(ip(address(i)));
  };
  const cookie = (source = stranger): Uint8Array => {
    const verdict = guard.judge(peek, source, 0);
    if (verdict.kind !== 'cookie') throw new Error(`expected a cookie, got ${verdict.kind}`);
    return verdict.cookie;
  };

  test('nothing is asked for while few IKE_SAs are half-open', () => {
    open(29);
    expect(guard.judge(peek, stranger, 0)).toEqual({ kind: 'accept' });
  });

  test('from 30 half-open IKE_SAs on a cookie is required, and the right one is accepted', () => {
    open(30);
    expect(guard.judge({ ...peek, cookie: cookie() }, stranger, 0)).toEqual({ kind: 'accept' });
  });

  test('a cookie is worthless for another address, SPI or nonce, changed, or after 10 seconds', () => {
    open(30);
    const valid = cookie();
    const kind = (changed: Partial<InitPeek>, source = stranger) =>
      guard.judge({ ...peek, cookie: valid, ...changed }, source, 0).kind;
    expect(kind({})).toBe('accept');
    expect(kind({}, ip('192.0.2.2'))).toBe('cookie');
    expect(kind({ spiI: new Uint8Array(8).fill(8) })).toBe('cookie');
    expect(kind({ nonce: new Uint8Array(32) })).toBe('cookie');
    for (let i = 0; i < valid.length; i++) {
      const flipped = valid.slice();
      flipped[i] = (flipped[i] ?? 0) ^ 1;
      expect(kind({ cookie: flipped }), `octet ${i}`).toBe('cookie');
    }
    expect(kind({ cookie: valid.subarray(1) })).toBe('cookie');
    clock.skipTo(10_001);
    open(1);
    expect(kind({})).toBe('cookie');
  });

  test('three half-open IKE_SAs of one address require cookies of that address', () => {
    for (let i = 0; i < 3; i++) guard.opened(stranger);
    expect(guard.judge(peek, stranger, 0).kind).toBe('cookie');
    expect(guard.judge(peek, ip('198.51.100.77'), 0).kind).toBe('accept');
  });

  test('cookies stay required for 10 seconds after the threshold was exceeded last', () => {
    open(30);
    cookie();
    for (let i = 0; i < 30; i++) guard.closed(ip(`10.0.0.${i}`));
    clock.skipTo(9_999);
    expect(guard.judge(peek, stranger, 0).kind).toBe('cookie');
    clock.skipTo(10_000);
    expect(guard.judge(peek, stranger, 0).kind).toBe('accept');
  });

  test('an old secret still proves a young cookie after a new one was drawn', () => {
    open(30);
    cookie();
    clock.skipTo(119_999);
    const late = cookie();
    clock.skipTo(121_000);
    cookie();
    expect(guard.judge({ ...peek, cookie: late }, stranger, 0).kind).toBe('accept');
  });

  test('block_threshold drops further requests of one address even with a cookie', () => {
    for (let i = 0; i < 5; i++) guard.opened(stranger);
    expect(guard.judge({ ...peek, cookie: cookie() }, stranger, 0).kind).toBe('drop');
  });

  test('the addresses of one IPv6 /64 count as one source', () => {
    for (let i = 0; i < 5; i++) guard.opened(ip(`2001:db8::${i + 1}`));
    const next = ip('2001:db8::ffff');
    expect(guard.judge({ ...peek, cookie: cookie(next) }, next, 0).kind).toBe('drop');
    expect(guard.judge(peek, ip('2001:db8:0:1::1'), 0).kind).toBe('accept');
  });

  test('there is a hard limit of half-open IKE_SAs, 5000 by default, and 0 lifts it', () => {
    options = { ...options, dos_protection: false };
    open(5000);
    expect(guard.judge(peek, stranger, 5000).kind).toBe('drop');
    options = { ...options, init_limit_half_open: 0 };
    expect(guard.judge(peek, stranger, 5000).kind).toBe('accept');
  });

  test('init_limit_job_load refuses requests while more jobs wait', () => {
    expect(guard.judge(peek, stranger, 0, 1_000_000).kind).toBe('accept');
    options = { ...options, init_limit_job_load: 10 };
    expect(guard.judge(peek, stranger, 0, 10).kind).toBe('accept');
    expect(guard.judge(peek, stranger, 0, 11)).toEqual({
      kind: 'drop',
      reason: 'job load of 11 exceeds limit of 10',
    });
  });

  // behaviour.md section 3: cookie, block_threshold, init_limit_half_open, init_limit_job_load, then the others
  test('the checks come in the documented order', () => {
    options = {
      ...options,
      init_limit_half_open: 1,
      init_limit_job_load: 1,
      ikesa_limit: 1,
    };
    for (let i = 0; i < 5; i++) guard.opened(stranger);
    const ask = (proof?: Uint8Array) =>
      guard.judge(proof === undefined ? peek : { ...peek, cookie: proof }, stranger, 9, 9);
    expect(ask().kind).toBe('cookie');
    const proof = cookie();
    expect(ask(proof)).toMatchObject({ reason: expect.stringContaining('too aggressive') });
    options = { ...options, block_threshold: 0 };
    expect(ask(proof)).toMatchObject({ reason: expect.stringContaining('half open') });
    options = { ...options, init_limit_half_open: 0 };
    expect(ask(proof)).toMatchObject({ reason: expect.stringContaining('job load') });
    options = { ...options, init_limit_job_load: 0 };
    expect(ask(proof)).toMatchObject({ reason: expect.stringContaining('ikesa_limit') });
  });

  test('dos_protection = no: neither cookies nor block_threshold, the other limits stay', () => {
    options = { ...options, dos_protection: false, init_limit_half_open: 100 };
    for (let i = 0; i < 99; i++) guard.opened(stranger);
    expect(guard.judge(peek, stranger, 0).kind).toBe('accept');
    guard.opened(stranger);
    expect(guard.judge(peek, stranger, 0).kind).toBe('drop');
  });

  test('ikesa_limit and initiator_only refuse requests', () => {
    options = { ...options, ikesa_limit: 2 };
    expect(guard.judge(peek, stranger, 1).kind).toBe('accept');
    expect(guard.judge(peek, stranger, 2).kind).toBe('drop');
    options = { ...options, ikesa_limit: 0, initiator_only: true };
    expect(guard.judge(peek, stranger, 0).kind).toBe('drop');
  });
});
