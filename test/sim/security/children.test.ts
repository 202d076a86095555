import { expect, test } from 'vitest';
import { parseProposals } from '../../../daemon/config/proposals-text.ts';
import { find } from '../../../daemon/ike/payloads.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import { PayloadType } from '../../../daemon/proto/iana/payload-types.ts';
import type { Payload } from '../../../daemon/proto/payload.ts';
import type { Proposal } from '../../../daemon/proto/proposal.ts';
import { fromHex } from '../../../daemon/util/hex.ts';
import { ts } from '../../support/selectors.ts';
import type { PairSetup } from '../pair.ts';
import { notifiesIn, type Puppet } from '../puppet.ts';
import { type Siege, siege } from '../siege.ts';
import { simCrypto } from '../world.ts';

// What an authenticated peer may put into a request for a CHILD_SA.

async function established(setup: PairSetup = {}): Promise<{ attack: Siege; peer: Puppet }> {
  const attack = await siege(setup);
  const peer = attack.puppet();
  await peer.init();
  await peer.auth();
  expect(attack.gateway.children).toHaveLength(1);
  return { attack, peer };
}

const spi = Uint8Array.of(0xca, 0xfe, 0, 9);
const gcm: readonly Proposal[] = parseProposals('esp', ['aes128gcm16'], simCrypto()).map((one) => ({
  ...one,
  number: 1,
  spi,
}));
const nonce: Payload = { kind: 'Nonce', data: new Uint8Array(32).fill(9) };
const selectors = {
  TSi: { kind: 'TSi', selectors: [ts('10.1.9.0/24')] },
  TSr: { kind: 'TSr', selectors: [ts('10.2.0.0/16')] },
} as const;

/** The octets of a TSi or TSr payload behind its header, RFC 7296 section 3.13. */
const MALFORMED: Readonly<Record<string, string>> = {
  'no selector': '00 000000',
  'a count beyond the data': 'ff 000000 07 00 0010 0000 ffff 0a010000 0a01ffff',
  'more data than counted': '01 000000 07 00 0010 0000 ffff 0a010000 0a01ffff 07 00 0010',
  'a length of 0': '01 000000 07 00 0000 0000 ffff 0a010000 0a01ffff',
  'a length beyond the payload': '01 000000 07 00 ffff 0000 ffff 0a010000 0a01ffff',
  'an end before its start': '01 000000 07 00 0010 0000 ffff 0a01ffff 0a010000',
  'ports the wrong way round': '01 000000 07 11 0010 1000 0010 0a010000 0a01ffff',
  'an address of IPv4 as one of IPv6': '01 000000 08 00 0010 0000 ffff 0a010000 0a01ffff',
  'an unknown type': '01 000000 ff 00 0010 0000 ffff 0a010000 0a01ffff',
};

test.each(Object.entries(MALFORMED))(
  'SEC-61 a selector with %s makes no CHILD_SA, in either place',
  async (_what, hex) => {
    const { attack, peer } = await established();
    await using _ = attack;
    for (const place of ['TSi', 'TSr'] as const) {
      const bad: Payload = {
        kind: 'Unknown',
        type: PayloadType[place],
        critical: false,
        data: fromHex(hex.replaceAll(' ', '')) ?? new Uint8Array(),
      };
      const rest = place === 'TSi' ? [bad, selectors.TSr] : [selectors.TSi, bad];
      const answer = await peer.request(ExchangeType.CREATE_CHILD_SA, [
        { kind: 'SA', proposals: gcm },
        nonce,
        ...rest,
      ]);
      const [type] = notifiesIn(answer);
      expect([NotifyType.TS_UNACCEPTABLE, NotifyType.INVALID_SYNTAX], place).toContain(type);
      if (attack.gateway.established.length === 0) break;
    }
    expect(attack.gateway.children.length).toBeLessThanOrEqual(1);
    await attack.expectAlive();
  },
);

/** Ciphers by number with a key length: what protects nothing, or is no cipher for ESP as it stands. */
const WEAK: Readonly<Record<string, Proposal['transforms']>> = {
  'NULL without integrity': [{ type: 1, id: 11 }],
  'NULL with integrity NONE': [
    { type: 1, id: 11 },
    { type: 3, id: 0 },
  ],
  'GMAC without a key length': [{ type: 1, id: 21 }],
  'GMAC with a key of 0 bits': [{ type: 1, id: 21, keyLength: 0 }],
  'GMAC that nobody configured': [{ type: 1, id: 21, keyLength: 128 }],
  'AES-CBC without integrity': [{ type: 1, id: 12, keyLength: 128 }],
  'AES-GCM with a key of 0 bits': [{ type: 1, id: 20, keyLength: 0 }],
  'AES-GCM with a key of 127 bits': [{ type: 1, id: 20, keyLength: 127 }],
  'AES-GCM without a key length': [{ type: 1, id: 20 }],
};

test.each(Object.entries(WEAK))('SEC-62 ESP with %s is refused', async (_what, transforms) => {
  const { attack, peer } = await established();
  await using _ = attack;
  // ESN is part of every proposal for ESP.
  const proposal: Proposal = {
    number: 1,
    protocol: 3,
    spi,
    transforms: [...transforms, { type: 5, id: 0 }],
  };
  const answer = await peer.request(ExchangeType.CREATE_CHILD_SA, [
    { kind: 'SA', proposals: [proposal] },
    nonce,
    selectors.TSi,
    selectors.TSr,
  ]);
  const [type] = notifiesIn(answer);
  expect([NotifyType.NO_PROPOSAL_CHOSEN, NotifyType.INVALID_SYNTAX]).toContain(type);
  expect(attack.gateway.children).toHaveLength(1);
  await attack.expectAlive();
});

test('SEC-61 ports of any protocol are taken as they are, and never for all ports', async () => {
  const { attack, peer } = await established();
  await using _ = attack;
  const [start, end] = [80, 80];
  const odd = { ...ts('10.1.9.0/24'), startPort: start, endPort: end };
  const answer = await peer.request(ExchangeType.CREATE_CHILD_SA, [
    { kind: 'SA', proposals: gcm },
    nonce,
    { kind: 'TSi', selectors: [odd] },
    selectors.TSr,
  ]);
  expect(answer && find(answer, 'TSi')?.selectors).toEqual([odd]);
  expect(attack.gateway.children.at(-1)?.remoteTs).toEqual([odd]);
  await attack.expectAlive();
});

test('SEC-62 integrity offered beside a combined cipher is left out of the answer and of the keys', async () => {
  const { attack, peer } = await established();
  await using _ = attack;
  const transforms = [
    { type: 1, id: 20, keyLength: 128 },
    { type: 3, id: 12 },
    { type: 5, id: 0 },
  ];
  const answer = await peer.request(ExchangeType.CREATE_CHILD_SA, [
    { kind: 'SA', proposals: [{ number: 1, protocol: 3, spi, transforms }] },
    nonce,
    selectors.TSi,
    selectors.TSr,
  ]);
  const chosen = answer && find(answer, 'SA')?.proposals[0]?.transforms;
  expect(chosen?.map(({ type }) => type)).toEqual([1, 5]);
  const last = attack.gateway.children.at(-1)?.installed;
  const sa = [...attack.gateway.kernel.sas.values()].find(({ id }) => id.spi === last?.spiIn)?.sa;
  expect(sa?.encryption?.key).toHaveLength(20);
  expect(sa?.integrity).toBeUndefined();
  await attack.expectAlive();
});
