import type { Crypto } from '../contracts/crypto.ts';
import { spiPairOctets } from '../crypto/spi-octets.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import { PayloadType } from '../proto/iana/payload-types.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import { type IkeSpi, NO_SPI } from '../proto/ike-spi.ts';
import type { Message, NotifyPayload } from '../proto/payload.ts';
import { constantTimeEqual } from '../util/constant-time.ts';
import { DecodeError } from '../wire/decode-error.ts';
import type { IkeHeader } from '../wire/header.ts';
import { encodeMessage, parseMessage } from '../wire/message.ts';
import type { IkeSa } from './ike-sa.ts';
import { findNotifies, findNotify, notify } from './payloads.ts';
import { peerLost } from './restart.ts';

const EMPTY = new Uint8Array(0);
const SHORTEST_TOKEN = 16;
const LONGEST_TOKEN = 128;

/**
 * What proves later that we have lost an IKE_SA, RFC 6290 section 5.1: a hash of its SPIs that ends with a secret which
 * outlives this process. Whoever has it can end the IKE_SA at the peer, so it is shown to that peer, under encryption, and to
 * nobody else as long as the IKE_SA lives.
 */
function tokenFor(crypto: Crypto, secret: Uint8Array, spiI: IkeSpi, spiR: IkeSpi): Uint8Array {
  return crypto.hash('sha256', spiPairOctets(spiI, spiR), secret);
}

/** Our token for IKE_AUTH, if there is a secret to make it from. */
export function crashToken(sa: IkeSa): readonly NotifyPayload[] {
  const { crypto, crashSecret } = sa.env;
  if (crashSecret === undefined) return [];
  return [tokenNotify(tokenFor(crypto, crashSecret, sa.spiI, sa.spiR))];
}

function tokenNotify(data: Uint8Array): NotifyPayload {
  return {
    kind: 'Notify',
    protocol: ProtocolId.IKE,
    spi: EMPTY,
    type: NotifyType.QUICK_CRASH_DETECTION,
    data,
  };
}

/** Keeps the token of an authenticated peer. */
export function takeCrashToken(sa: IkeSa, message: Message): void {
  const token = findNotify(message, NotifyType.QUICK_CRASH_DETECTION)?.data;
  if (token === undefined) return;
  if (token.length < SHORTEST_TOKEN || token.length > LONGEST_TOKEN) {
    sa.log.log('ike', 1, `received crash detection token of ${token.length} octets, ignored`);
    return;
  }
  sa.peerCrashToken = token.slice();
}

/**
 * The answer to a protected request for an IKE_SA that we do not know, RFC 6290 section 4.5: INVALID_IKE_SPI with the
 * token that we gave the peer before we lost it. `undefined` if the message asks for none. The caller makes sure that
 * neither SPI is one of ours: with the flag of the initiator turned round a stranger would learn the token of one that lives.
 */
export function crashAnswer(
  crypto: Crypto,
  secret: Uint8Array,
  header: IkeHeader,
): Uint8Array | undefined {
  const { spiI, spiR, isResponse, nextPayload, exchange, messageId, fromInitiator } = header;
  if (isResponse || spiI === NO_SPI || spiR === NO_SPI) return undefined;
  if (nextPayload !== PayloadType.SK && nextPayload !== PayloadType.SKF) return undefined;
  const answer: Message = {
    spiI,
    spiR,
    exchange,
    isResponse: true,
    fromInitiator: !fromInitiator,
    messageId,
    payloads: [
      notify(NotifyType.INVALID_IKE_SPI),
      tokenNotify(tokenFor(crypto, secret, spiI, spiR)),
    ],
  };
  return encodeMessage(answer, undefined);
}

/** Whether an unprotected answer to our request shows the token that the peer gave us. */
export function provesCrash(sa: IkeSa, header: IkeHeader, datagram: Uint8Array): boolean {
  const token = sa.peerCrashToken;
  if (token === undefined || header.nextPayload !== PayloadType.NOTIFY) return false;
  try {
    const message = parseMessage(datagram.slice(), header, undefined);
    if (findNotify(message, NotifyType.INVALID_IKE_SPI) === undefined) return false;
    const shown = findNotifies(message, NotifyType.QUICK_CRASH_DETECTION);
    return shown.some(({ data }) => constantTimeEqual(data, token));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return false;
  }
}

/** The peer has lost the IKE_SA: it goes without DELETE, and what is to be brought back after a loss is. */
export async function peerCrashed(sa: IkeSa): Promise<void> {
  sa.log.log('ike', 1, `peer proved that it has lost IKE_SA ${sa.label}, deleting it`);
  await peerLost(sa, 'the peer has lost it (quick crash detection)');
}
