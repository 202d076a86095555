import { find, findNotify } from '../../../daemon/ike/payloads.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType, notifyName } from '../../../daemon/proto/iana/notify-types.ts';
import { ProtocolId } from '../../../daemon/proto/iana/protocol-ids.ts';
import type { IkeSpi } from '../../../daemon/proto/ike-spi.ts';
import type { Message, NotifyPayload } from '../../../daemon/proto/payload.ts';
import { toHex } from '../../../daemon/util/hex.ts';

/** A is the original initiator of the first IKE_SA, B its responder. */
export type SideName = 'A' | 'B';

/** The side that talks with this one. */
export function otherSide(side: SideName): SideName {
  return side === 'A' ? 'B' : 'A';
}

/**
 * Names of SAs, learnt from the messages that make them: `O` is the CHILD_SA of IKE_AUTH (`O2` that of the next one), `A1`
 * the one that the first CREATE_CHILD_SA request of A asks for. IKE_SAs are `I`, `I2` and so on, and `IA1` if rekeyed by A.
 */
export class Names {
  readonly #children = new Map<string, string>();
  readonly #ikes = new Map<IkeSpi, string>();
  readonly #asked = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /** The CHILD_SA whose inbound SPI at `owner` this is. */
  child(owner: SideName, spi: number): string {
    return this.#children.get(`${owner} ${spi}`) ?? `?${spi.toString(16)}`;
  }

  /** The IKE_SA of this initiator's SPI. */
  ike(spiI: IkeSpi): string {
    return this.#ikes.get(spiI) ?? `?${spiI.toString(16)}`;
  }

  /** Sees a message in the clear, repeated ones too. */
  learn(from: SideName, message: Message): void {
    const { exchange, isResponse, spiI, messageId } = message;
    if (!this.#ikes.has(spiI)) this.#ikes.set(spiI, this.#next('I', 'I'));
    const spi = find(message, 'SA')?.proposals[0]?.spi;
    if (spi === undefined || exchange === ExchangeType.IKE_SA_INIT) return;
    const key = `${spiI} ${isResponse ? otherSide(from) : from} ${messageId}`;
    if (isResponse) {
      const name = this.#asked.get(key);
      if (name !== undefined && spi.length === 4) this.#children.set(childKey(from, spi), name);
      return;
    }
    if (this.#asked.has(key)) return;
    if (spi.length === 8) {
      const name = this.#next(`I${from}`, `I${from}1`);
      this.#ikes.set(BigInt(`0x${toHex(spi)}`) as IkeSpi, name);
      this.#asked.set(key, name);
      return;
    }
    const name =
      exchange === ExchangeType.IKE_AUTH ? this.#next('O', 'O') : this.#next(from, `${from}1`);
    this.#children.set(childKey(from, spi), name);
    this.#asked.set(key, name);
  }

  /** What a message is about, in a few words: requests `REKEY O`, `DELETE IKE`; responses `OK A1`, `TEMPORARY_FAILURE`. */
  describe(from: SideName, message: Message): string {
    return message.isResponse ? this.#response(from, message) : this.#request(from, message);
  }

  #request(from: SideName, message: Message): string {
    switch (message.exchange) {
      case ExchangeType.IKE_SA_INIT:
        return 'INIT';
      case ExchangeType.IKE_AUTH:
        return 'AUTH';
      case ExchangeType.IKE_FOLLOWUP_KE:
        return 'FOLLOWUP';
      case ExchangeType.CREATE_CHILD_SA: {
        const rekeys = findNotify(message, NotifyType.REKEY_SA);
        if (rekeys !== undefined) return `REKEY ${this.child(from, spiOf(rekeys))}`;
        return find(message, 'TSi') === undefined ? 'REKEY IKE' : 'CREATE';
      }
      default:
        return this.#informational(from, message, 'DELETE') ?? 'INFO';
    }
  }

  #response(from: SideName, message: Message): string {
    const failure = message.payloads.find(
      (payload): payload is NotifyPayload => payload.kind === 'Notify' && payload.type < 16384,
    );
    if (failure !== undefined) {
      // An error that names an SPI names it as the one who asked did.
      const about =
        failure.spi.length === 4 ? ` ${this.child(otherSide(from), spiOf(failure))}` : '';
      return `${notifyName(failure.type)}${about}`;
    }
    const more = findNotify(message, NotifyType.ADDITIONAL_KEY_EXCHANGE) === undefined ? '' : '…';
    switch (message.exchange) {
      case ExchangeType.IKE_SA_INIT:
        return find(message, 'SA') === undefined ? 'COOKIE' : 'INIT';
      case ExchangeType.IKE_FOLLOWUP_KE:
        return `OK${more}`;
      case ExchangeType.IKE_AUTH:
      case ExchangeType.CREATE_CHILD_SA: {
        const key = `${message.spiI} ${otherSide(from)} ${message.messageId}`;
        const made = find(message, 'SA') === undefined ? '' : ` ${this.#asked.get(key) ?? '?'}`;
        return `OK${made}${more}`;
      }
      default:
        return this.#informational(from, message, 'DELETED') ?? 'EMPTY';
    }
  }

  #informational(from: SideName, message: Message, word: string): string | undefined {
    const about = message.payloads.flatMap((payload) => {
      if (payload.kind !== 'Delete') return [];
      if (payload.protocol === ProtocolId.IKE) return ['IKE'];
      return payload.spis.map((spi) => this.child(from, numberOf(spi)));
    });
    return about.length === 0 ? undefined : `${word} ${about.join(' ')}`;
  }

  #next(counter: string, first: string): string {
    const count = (this.#counts.get(counter) ?? 0) + 1;
    this.#counts.set(counter, count);
    return count === 1 ? first : `${counter}${count}`;
  }
}

function childKey(owner: SideName, spi: Uint8Array): string {
  return `${owner} ${numberOf(spi)}`;
}

function spiOf(notify: NotifyPayload): number {
  return numberOf(notify.spi);
}

function numberOf(spi: Uint8Array): number {
  return spi.reduce((sum, octet) => sum * 256 + octet, 0);
}
