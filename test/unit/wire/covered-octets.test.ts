import { describe, expect, test } from 'vitest';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import type { IkeSpi } from '../../../daemon/proto/ike-spi.ts';
import type { Message } from '../../../daemon/proto/payload.ts';
import { coveredOctets, coveredOfOwn } from '../../../daemon/wire/covered-octets.ts';
import { Reassembler } from '../../../daemon/wire/fragments.ts';
import { parseHeader } from '../../../daemon/wire/header.ts';
import { encodeFragmented, encodeMessage, parseMessage } from '../../../daemon/wire/message.ts';
import { hex, octetsOf } from '../../support/hex.ts';
import { ToyProtection } from '../../support/toy-protection.ts';

const message: Message = {
  spiI: 0x1122334455667788n as IkeSpi,
  spiR: 0x99aabbccddeeff00n as IkeSpi,
  exchange: ExchangeType.IKE_INTERMEDIATE,
  isResponse: false,
  fromInitiator: true,
  messageId: 1,
  payloads: [
    { kind: 'KE', method: 36, data: Uint8Array.from({ length: 700 }, (_, i) => i & 0xff) },
  ],
};

// By hand: SPIs, SK (46), version, exchange 43, Initiator, message id, length; KE (34), length; KE payload.
const EXPECTED = [
  '1122334455667788 99aabbccddeeff00 2e 20 2b 08 00000001 000002e4',
  '22 00 02c8',
  '00 00 02c4 0024 0000',
  Array.from({ length: 700 }, (_, i) => (i & 0xff).toString(16).padStart(2, '0')).join(''),
].join(' ');

function covered(datagrams: readonly Uint8Array[]): string | undefined {
  let found: string | undefined;
  const keep = (octets: Uint8Array): void => {
    found = hex(octets);
  };
  const reassembler = new Reassembler();
  for (const datagram of datagrams) {
    const header = parseHeader(datagram);
    if (datagrams.length > 1) reassembler.add(datagram, header, new ToyProtection(), keep);
    else parseMessage(datagram, header, new ToyProtection(), keep);
  }
  return found;
}

describe('what IntAuth covers of a message, RFC 9242 section 3.3.2', () => {
  const expected = hex(octetsOf(EXPECTED.replaceAll(' ', '')));

  test('of ours', () => expect(hex(coveredOfOwn(message))).toBe(expected));

  test('of a message that came whole', () => {
    expect(covered([encodeMessage(message, new ToyProtection())])).toBe(expected);
  });

  test.each([200, 300, 500])('of one that came in fragments of %i octets, in any order', (size) => {
    const datagrams = encodeFragmented(message, new ToyProtection(), size);
    expect(datagrams.length).toBeGreaterThan(1);
    expect(covered(datagrams)).toBe(expected);
    expect(covered(datagrams.toReversed())).toBe(expected);
  });

  test('reserved bits stay as the peer set them, and what is outside of the encrypted payload stays in front', () => {
    const head = octetsOf(`${'00'.repeat(16)}2b20ab4800000001ffffffff2e0000080102030422550000`);
    const octets = coveredOctets(head, Uint8Array.of(9, 8, 7));
    expect(hex(octets)).toBe(
      `${'00'.repeat(16)}2b20ab48000000010000002b2e0000080102030422550007090807`,
    );
  });
});
