import type { MessageProtection } from '../../../daemon/contracts/crypto.ts';
import { endpointKey } from '../../../daemon/proto/endpoint.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import type { IkeSpi } from '../../../daemon/proto/ike-spi.ts';
import type { Message } from '../../../daemon/proto/payload.ts';
import { toHex } from '../../../daemon/util/hex.ts';
import { DecodeError } from '../../../daemon/wire/decode-error.ts';
import { isFragment } from '../../../daemon/wire/fragments.ts';
import { type IkeHeader, readHeader } from '../../../daemon/wire/header.ts';
import { messageOf, parseMessage } from '../../../daemon/wire/message.ts';
import type { SimPacket } from '../sim-network.ts';
import type { WorldHost } from '../world-host.ts';
import type { Names, SideName } from './names.ts';

/** A datagram that was sent and awaits its fate. */
export interface Datagram {
  readonly from: SideName;
  readonly message: Message;
  /** Whose it is: `A REKEY O`, `B OK A1`, `A DELETE IKE`. */
  readonly text: string;
  readonly packet: SimPacket;
  /** Its octets and its ends: what is the same when it is repeated. */
  readonly key: string;
}

/** The non-ESP marker of port 4500. */
const MARKER_OCTETS = 4;

/**
 * Reads what a host sends. Ciphers are the same in both directions of use, so that the sender's own keys open its message
 * at the moment of sending; repetitions are recognised by their octets.
 */
export class WireTap {
  readonly names: Names;
  readonly #read = new Map<string, Omit<Datagram, 'packet' | 'key'>>();

  constructor(names: Names) {
    this.names = names;
  }

  /** The datagram in the clear; one that is no whole message of an IKE_SA of the sender's is a mistake in the test. */
  read(from: SideName, sender: WorldHost, packet: SimPacket): Datagram {
    const hex = toHex(packet.data);
    const known = this.#read.get(hex);
    const key = `${hex} ${endpointKey(packet.source)} ${endpointKey(packet.destination)}`;
    if (known !== undefined) return { ...known, packet, key };
    const octets = packet.source.port === 500 ? packet.data : packet.data.subarray(MARKER_OCTETS);
    const header = readHeader(octets);
    if (header === undefined || isFragment(header, octets))
      throw new TypeError(`${from} sent something unreadable: ${hex}`);
    const spi: IkeSpi = header.fromInitiator ? header.spiI : header.spiR;
    const sa = sender.daemon.manager.tables.bySpi.get(spi);
    const clear = header.exchange === ExchangeType.IKE_SA_INIT;
    const message = this.#parse(octets, header, clear ? undefined : sa?.engine.outbound);
    this.names.learn(from, message);
    const text = `${from} ${this.names.describe(from, message)}`;
    const read = { from, message, text };
    this.#read.set(hex, read);
    return { ...read, packet, key };
  }

  // What a test makes a daemon say need not make sense.
  #parse(
    octets: Uint8Array,
    header: IkeHeader,
    protection: MessageProtection | undefined,
  ): Message {
    try {
      return parseMessage(octets, header, protection);
    } catch (error) {
      if (!(error instanceof DecodeError) || !error.authenticated) throw error;
      return messageOf(header, []);
    }
  }
}
