import { expect } from 'vitest';
import { otherSide, type PartialPlan } from '../lab/plan.ts';
import { FIRST_NOTIFY, firstNotifyCount, fragmentCount } from './on-the-wire.ts';
import type { Scenario } from './peer-suite.ts';

const GCM = ['AES_GCM_16-128', 'PRF_HMAC_SHA2_256'];
const CBC = ['AES_CBC-128/HMAC_SHA2_256_128'];
const X25519 = 'CURVE_25519';
const MODP2048 = 'MODP_2048';
const CBC_MODP: PartialPlan = { cipher: 'aes128-sha256', keyExchange: 'modp2048' };

/** What every peer can do: both roles, both IP versions, both modes, both kinds of cipher and key exchange. */
export const BASIC: readonly Scenario[] = [
  { name: 'IPv4 tunnel, AES-GCM, X25519', initiator: 'moon', listed: [...GCM, X25519] },
  {
    name: 'IPv4 tunnel, AES-GCM, X25519',
    initiator: 'sun',
    terminator: 'sun',
    listed: [...GCM, X25519],
  },
  {
    name: 'IPv4 tunnel, AES-CBC and SHA2, MODP2048',
    plan: CBC_MODP,
    initiator: 'moon',
    terminator: 'sun',
    listed: [...CBC, MODP2048],
  },
  {
    name: 'IPv4 tunnel, AES-CBC and SHA2, MODP2048',
    plan: CBC_MODP,
    initiator: 'sun',
    listed: [...CBC, MODP2048],
  },
  {
    name: 'IPv6 tunnel, AES-CBC and SHA2, X25519',
    plan: { family: 6, cipher: 'aes128-sha256' },
    initiator: 'moon',
    listed: [...CBC, X25519],
  },
  {
    name: 'IPv6 tunnel, AES-GCM, MODP2048',
    plan: { family: 6, keyExchange: 'modp2048' },
    initiator: 'sun',
    listed: [...GCM, MODP2048],
  },
  { name: 'IPv4 transport', plan: { mode: 'transport' }, initiator: 'moon' },
  { name: 'IPv4 transport', plan: { mode: 'transport' }, initiator: 'sun' },
];

/** IPv6 transport mode, both roles. */
export const IPV6_TRANSPORT: readonly Scenario[] = [
  { name: 'IPv6 transport', plan: { mode: 'transport', family: 6 }, initiator: 'moon' },
  { name: 'IPv6 transport', plan: { mode: 'transport', family: 6 }, initiator: 'sun' },
];

/** A router hides the initiator. */
export const WE_BEHIND_NAT: Scenario = {
  name: 'we are behind a NAT',
  plan: { hidden: 'moon' },
  initiator: 'moon',
  terminator: 'sun',
  listed: ['[4500]', '-in-UDP'],
};

/** A router hides the initiator. */
export const PEER_BEHIND_NAT: Scenario = {
  name: 'the peer is behind a NAT',
  plan: { hidden: 'sun' },
  initiator: 'sun',
  listed: ['-in-UDP'],
};

/**
 * A router hides one side, or both, in either mode; whoever is hidden and asked gets what comes for IKE from the router.
 * What {@link WE_BEHIND_NAT} and {@link PEER_BEHIND_NAT} test is left out.
 */
export function hiddenByNat(
  hidden: 'moon' | 'sun' | 'both',
  family: 4 | 6 = 4,
): readonly Scenario[] {
  const scenario = (mode: 'transport' | 'tunnel', initiator: 'moon' | 'sun'): Scenario => ({
    name: `IPv${family} ${mode} mode, hidden by a NAT: ${hidden}`,
    plan: { mode, hidden, family },
    initiator,
    weather: hidden === initiator ? {} : { forwardedTo: otherSide(initiator) },
    listed: ['-in-UDP'],
  });
  return (['moon', 'sun'] as const).flatMap((initiator) => [
    scenario('transport', initiator),
    ...(hidden === initiator ? [] : [scenario('tunnel', initiator)]),
  ]);
}

/** ESP in UDP although nobody hides anybody, because the responder wants it. */
export function forcedEncapsulation(family: 4 | 6): readonly Scenario[] {
  return (['moon', 'sun'] as const).map((side) => ({
    name: `IPv${family} encapsulation forced by ${side}`,
    plan: { family, extra: { moon: {}, sun: {}, [side]: { connection: { encap: 'yes' } } } },
    initiator: otherSide(side),
    terminator: side,
    listed: ['[4500]', '-in-UDP'],
  }));
}

const LONG = (side: string): string => `${side}.${'a-long-label.'.repeat(14)}example.org`;
const FRAGMENTS: PartialPlan = {
  identity: { moon: LONG('moon'), sun: LONG('sun') },
  smallFragments: true,
};

/** IKE_AUTH in fragments: at least `least` on the wire. */
export function fragmented(initiator: 'moon' | 'sun', least: number): Scenario {
  return {
    name: 'IKE fragmentation forced',
    plan: FRAGMENTS,
    initiator,
    wire: async ({ capture }) => expect(await fragmentCount(capture)).toBeGreaterThanOrEqual(least),
  };
}

/** The peer asks us for a cookie before it does anything (RFC 7296 section 2.6). */
export const PEER_WANTS_COOKIE: Scenario = {
  name: 'COOKIE forced by the peer',
  plan: { cookies: { moon: false, sun: true } },
  initiator: 'moon',
  wire: expectCookie,
};

/** We ask the peer for a cookie before we do anything. */
export const WE_WANT_COOKIE: Scenario = {
  name: 'COOKIE forced by us',
  plan: { cookies: { moon: true, sun: false } },
  initiator: 'sun',
  wire: expectCookie,
};

/** The first key exchange method of the initiator is not the responder's (RFC 7296 section 1.2). */
export function wrongFirstKe(initiator: 'moon' | 'sun'): Scenario {
  const both = ['x25519', 'modp2048'] as const;
  const one = ['modp2048'] as const;
  return {
    name: 'INVALID_KE_PAYLOAD forced',
    plan: {
      keyExchange: initiator === 'moon' ? { moon: both, sun: one } : { moon: one, sun: both },
    },
    initiator,
    listed: [MODP2048],
    wire: async ({ capture }) => {
      // A peer that repeats its first request before it has the answer is told once more: nothing was kept of it.
      const told = await firstNotifyCount(capture, FIRST_NOTIFY.INVALID_KE_PAYLOAD);
      expect(told).toBeGreaterThanOrEqual(1);
    },
  };
}

/** A fifth of all packets is lost, each way. */
export function lossy(initiator: 'moon' | 'sun'): Scenario {
  const charon = { retransmit_timeout: '0.4', retransmit_base: '1.3', retransmit_tries: 12 };
  return {
    name: '20 % loss',
    plan: { extra: { moon: { charon }, sun: { charon } } },
    initiator,
    weather: { loss: 20 },
  };
}

async function expectCookie({
  capture,
}: {
  readonly capture: Parameters<typeof firstNotifyCount>[0];
}): Promise<void> {
  // the responder's demand, and the request that carries the cookie back
  expect(await firstNotifyCount(capture, FIRST_NOTIFY.COOKIE)).toBeGreaterThanOrEqual(2);
}
