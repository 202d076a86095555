import type { MessageProtection } from '../contracts/crypto.ts';
import { ExchangeType, exchangeName } from '../proto/iana/exchange-types.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import { PayloadType } from '../proto/iana/payload-types.ts';
import { NO_SPI } from '../proto/ike-spi.ts';
import type { Message } from '../proto/payload.ts';
import { equalBytes } from '../util/bytes.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { isFragment, Reassembler } from '../wire/fragments.ts';
import type { IkeHeader } from '../wire/header.ts';
import { peekInitRequest } from '../wire/init-peek.ts';
import { parseMessage } from '../wire/message.ts';
import { checkMessage } from '../wire/message-rules.ts';
import { decodeRedirect } from '../wire/redirect-data.ts';
import { alertFromOutside } from './announce.ts';
import { peerCrashed, provesCrash } from './crash-detection.ts';
import type { FragmentSize } from './fragment-size.ts';
import type { IkeSa } from './ike-sa.ts';
import { findNotify, notify } from './payloads.ts';
import type { OutboundResponse } from './task.ts';

/** A message that a datagram completed. */
export interface MessageRead {
  readonly message: Message;
  /** What IntAuth covers of an IKE_INTERMEDIATE message (RFC 9242), else empty. */
  readonly covered: Uint8Array;
  readonly answer?: undefined;
}

/** What a datagram gave: a message, or what a request that makes no sense is answered. */
export type Reading =
  | MessageRead
  | { readonly answer: OutboundResponse; readonly message?: undefined };

/** Turns the datagrams of one IKE_SA into messages: protection, fragments, and what must not be believed. */
export class MessageReader {
  readonly #sa: IkeSa;
  readonly #size: FragmentSize;
  #reassembler: Reassembler | undefined;
  #covered: Uint8Array = EMPTY;

  constructor(sa: IkeSa, size: FragmentSize) {
    this.#sa = sa;
    this.#size = size;
  }

  /** Forgets fragments of messages that are not complete. */
  reset(): void {
    this.#reassembler = undefined;
  }

  /**
   * Reads one datagram with the keys of the peer, `undefined` before there are any; `asked` is our open IKE_SA_INIT request. Nothing
   * is returned for a datagram that was dropped, or collected as a fragment.
   */
  read(
    header: IkeHeader,
    datagram: Uint8Array,
    inbound: MessageProtection | undefined,
    asked: Uint8Array | undefined,
  ): Reading | undefined {
    const { log } = this.#sa;
    const first = header.exchange === ExchangeType.IKE_SA_INIT;
    if (!first && inbound === undefined) {
      log.log('ike', 1, `ignoring ${exchangeName(header.exchange)} message before there are keys`);
      return undefined;
    }
    // Whoever does not hold the keys can write a message without SK: nothing in it counts.
    if (!first && header.nextPayload !== PayloadType.SK && header.nextPayload !== PayloadType.SKF) {
      if (header.isResponse && provesCrash(this.#sa, header, datagram)) {
        this.#sa.post(() => peerCrashed(this.#sa));
        return undefined;
      }
      log.log('ike', 1, `ignoring unprotected ${exchangeName(header.exchange)} message`);
      return undefined;
    }
    let opened = false;
    try {
      const message = this.#parse(header, datagram, first ? undefined : inbound);
      if (message === undefined) return undefined;
      opened = !first;
      checkMessage(message);
      if (first && isReflection(message)) {
        log.log('ike', 1, 'received IKE_SA_INIT response without an SPI of the peer, ignored');
        return undefined;
      }
      if (first && isForgedRedirect(message, asked)) {
        log.log('ike', 1, 'received REDIRECT notify without our nonce, ignored');
        return undefined;
      }
      return { message, covered: this.#covered };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return this.#refuse(error, header, opened);
    } finally {
      this.#covered = EMPTY;
    }
  }

  #refuse(error: DecodeError, header: IkeHeader, opened: boolean): Reading | undefined {
    const sa = this.#sa;
    sa.log.log('enc', 1, `${error.message}, message dropped`);
    sa.env.counters.count('invalid', sa.tag.name);
    alertFromOutside(sa.env, 'parse-error-body', sa);
    // Only what was protected proves that the peer itself sent nonsense and may be told, RFC 7296 section 2.21.
    if (!(opened || error.authenticated) || header.isResponse) return undefined;
    const data = error.criticalType === undefined ? EMPTY : Uint8Array.of(error.criticalType);
    return { answer: { payloads: [notify(error.notify, data)] } };
  }

  #parse(
    header: IkeHeader,
    datagram: Uint8Array,
    protection: MessageProtection | undefined,
  ): Message | undefined {
    const covered =
      header.exchange === ExchangeType.IKE_INTERMEDIATE
        ? (octets: Uint8Array): void => {
            this.#covered = octets;
          }
        : undefined;
    if (protection === undefined || !isFragment(header, datagram)) {
      const whole = parseMessage(datagram, header, protection, covered);
      this.#size.arrived(0, true, header.isResponse);
      return whole;
    }
    this.#reassembler ??= this.#newReassembler();
    const message = this.#reassembler.add(datagram, header, protection, covered);
    this.#size.arrived(datagram.length, message !== undefined, header.isResponse);
    // What is left belongs to messages that the window will not let through any more.
    if (message !== undefined) this.#reassembler = undefined;
    return message;
  }

  // A peer that is not authenticated may send fragments too: it gets no more room than in one datagram.
  #newReassembler(): Reassembler {
    const { state, env } = this.#sa;
    return state.kind === 'established'
      ? new Reassembler()
      : new Reassembler({ maxOctets: env.options().max_packet });
  }
}

// RFC 5685 section 3: whoever has not seen our request cannot send us elsewhere; the genuine answer may still come.
function isForgedRedirect(message: Message, asked: Uint8Array | undefined): boolean {
  const redirect = findNotify(message, NotifyType.REDIRECT);
  if (!message.isResponse || redirect === undefined || asked === undefined) return false;
  const nonce = peekInitRequest(asked)?.nonce;
  const echoed = decodeRedirect(redirect.data)?.nonce;
  return nonce === undefined || echoed === undefined || !equalBytes(nonce, echoed);
}

/**
 * An IKE_SA_INIT response that accepts without naming an SPI of its sender: our own request, sent back to us. It ends
 * nothing, because the genuine answer may still come.
 */
function isReflection(message: Message): boolean {
  const { isResponse, spiI, spiR, payloads } = message;
  if (!isResponse || (spiR !== NO_SPI && spiR !== spiI)) return false;
  return spiR === spiI || payloads.some((payload) => payload.kind === 'SA');
}

const EMPTY = new Uint8Array(0);
