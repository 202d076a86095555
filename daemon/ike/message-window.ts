/** A request of ours that waits for its answer. */
export interface Outstanding {
  readonly messageId: number;
  readonly exchange: number;
  /** The message before fragmentation; for IKE_SA_INIT the octets that IKE_AUTH signs. */
  readonly raw: Uint8Array;
  /** The identical octets for every retransmission, RFC 7296 section 2.1, unless {@link MessageWindow.splitRequest} says. */
  datagrams: readonly Uint8Array[];
  sends: number;
}

/** What is to be done with a message, by its id alone. */
export type Verdict = 'process' | 'replay' | 'drop';

/** The last answer of ours; `fingerprint` tells whether a request is the one that it answers. */
export interface Answered {
  readonly messageId: number;
  readonly fingerprint: string;
  readonly datagrams: readonly Uint8Array[];
}

/** All there is to know about a window, for a successor of this process. */
export interface SavedWindow {
  readonly nextRequest: number;
  readonly expected: number;
  readonly outstanding?: Omit<Outstanding, 'sends' | 'raw'>;
  readonly answered?: Answered;
}

/**
 * Message ids of one IKE_SA with a window of one in both directions, RFC 7296 sections 2.1 to 2.3: our outstanding
 * request, the id expected next from the peer, and the last answer for a peer that did not receive it.
 */
export class MessageWindow {
  #nextRequest = 0;
  #expected = 0;
  #outstanding: Outstanding | undefined;
  #answered: Answered | undefined;
  #revision = 0;

  /** Differs after every change but `sends`. */
  get revision(): number {
    return this.#revision;
  }

  get outstanding(): Outstanding | undefined {
    return this.#outstanding;
  }

  /** Id of the next request of ours. */
  get nextRequestId(): number {
    return this.#nextRequest;
  }

  /** Id of the next request of the peer. */
  get expectedRequestId(): number {
    return this.#expected;
  }

  /** What {@link restore} takes; the octets are shared, not copied. */
  save(): SavedWindow {
    const [outstanding, answered] = [this.#outstanding, this.#answered];
    return {
      nextRequest: this.#nextRequest,
      expected: this.#expected,
      ...(outstanding && {
        outstanding: {
          messageId: outstanding.messageId,
          exchange: outstanding.exchange,
          datagrams: outstanding.datagrams,
        },
      }),
      ...(answered && { answered }),
    };
  }

  /** Goes on where another window stopped; its outstanding request counts as not sent yet. */
  restore({ nextRequest, expected, outstanding, answered }: SavedWindow): void {
    this.#revision++;
    this.#nextRequest = nextRequest;
    this.#expected = expected;
    this.#answered = answered;
    this.#outstanding = outstanding && { ...outstanding, raw: new Uint8Array(0), sends: 0 };
  }

  /** Starts again from id 0, for a new try of IKE_SA_INIT. */
  reset(): void {
    this.#revision++;
    this.#nextRequest = 0;
    this.#expected = 0;
    this.#outstanding = undefined;
    this.#answered = undefined;
  }

  /** IKE_SA_INIT is sent again, changed, under the same id (COOKIE, INVALID_KE_PAYLOAD). */
  repeatFirst(): void {
    this.#revision++;
    this.#nextRequest = 0;
  }

  sent(exchange: number, raw: Uint8Array, datagrams: readonly Uint8Array[]): void {
    this.#revision++;
    this.#outstanding = { messageId: this.#nextRequest++, exchange, raw, datagrams, sends: 1 };
  }

  /** The outstanding request goes out in these datagrams from now on. */
  splitRequest(datagrams: readonly Uint8Array[]): void {
    if (this.#outstanding === undefined) return;
    this.#revision++;
    this.#outstanding.datagrams = datagrams;
  }

  /** The stored answer goes out in these datagrams from now on, whenever `datagram` arrives again. */
  splitAnswer(datagram: Uint8Array, datagrams: readonly Uint8Array[]): void {
    if (this.#answered === undefined) return;
    this.#revision++;
    this.#answered = { ...this.#answered, fingerprint: fingerprintOf(datagram), datagrams };
  }

  /** Whether a request of this id was answered last. */
  mayRepeat(messageId: number): boolean {
    return this.#answered?.messageId === messageId && messageId !== this.#expected;
  }

  /** The outstanding request was answered, or given up. */
  settle(): void {
    this.#revision++;
    this.#outstanding = undefined;
  }

  judgeResponse(messageId: number, exchange: number): Verdict {
    const waiting = this.#outstanding;
    return waiting !== undefined && waiting.messageId === messageId && waiting.exchange === exchange
      ? 'process'
      : 'drop';
  }

  judgeRequest(messageId: number, datagram: Uint8Array): Verdict {
    if (messageId === this.#expected) return 'process';
    const last = this.#answered;
    if (last === undefined || last.messageId !== messageId) return 'drop';
    return last.fingerprint === fingerprintOf(datagram) ? 'replay' : 'drop';
  }

  /**
   * Takes over the counters that a peer's new member tells, RFC 6311 section 5: its next request id, and the one it expects of
   * us. Ours never get lower; `false` if what it would send we have seen already, which is an old message.
   */
  synchronize(peerSends: number, peerExpects: number): boolean {
    if (peerSends < this.#expected) return false;
    this.#expected = peerSends;
    this.#nextRequest = Math.max(this.#nextRequest, peerExpects);
    return true;
  }

  /** A request to synchronise was answered; it moves no counter. */
  answeredSync(datagram: Uint8Array, datagrams: readonly Uint8Array[]): void {
    this.#answered = { messageId: 0, fingerprint: fingerprintOf(datagram), datagrams };
  }

  /** Whether it is the request whose answer is stored. */
  repeats(messageId: number, datagram: Uint8Array): boolean {
    const last = this.#answered;
    return last?.messageId === messageId && last.fingerprint === fingerprintOf(datagram);
  }

  /** Datagrams of the stored answer. */
  get lastResponse(): readonly Uint8Array[] {
    return this.#answered?.datagrams ?? [];
  }

  /** The expected request was handled; a repetition with this {@link fingerprintOf} asks for the answer again. */
  answered(fingerprint: string, datagrams: readonly Uint8Array[]): void {
    this.#revision++;
    this.#answered = { messageId: this.#expected++, fingerprint, datagrams };
  }
}

/** Octets kept of a request: its length and its end, which for a protected message is the ICV. */
const TAIL_OCTETS = 32;

/**
 * What a repeated request is known by. Text, because every IKE_SA keeps one and an array of octets takes five times the memory.
 */
export function fingerprintOf(datagram: Uint8Array): string {
  const tail = datagram.subarray(Math.max(0, datagram.length - TAIL_OCTETS));
  // Spread, the octets would each cost an object of the iteration.
  const text: string = Reflect.apply(String.fromCharCode, undefined, tail);
  return `${datagram.length} ${text}`;
}
