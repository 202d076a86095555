import { loadAddon, type NativeUdpSocket } from './addon.ts';
import {
  LOCAL_AT,
  makeRecords,
  RECORD_OCTETS,
  RECORD_WORDS,
  REMOTE_AT,
  RecordFlag,
  type Records,
  Word,
} from './datagram-record.ts';
import { checked, NetlinkError } from './errors.ts';
import { printAddress } from './print.ts';
import type { IpOctets } from './types.ts';
import { applySettings, type UdpSocketSettings } from './udp-options.ts';
import { noRoom, type OutboundDatagram, UdpSendQueue } from './udp-send-queue.ts';
import { AF_INET, AF_INET6 } from './xfrm-constants.ts';

/**
 * Datagrams received by one system call. The batch and every array it hands out are views of memory that the next
 * batch overwrites: valid until the handler returns, copy what is kept.
 */
export interface DatagramBatch {
  readonly length: number;
  data(index: number): Uint8Array;
  remoteAddress(index: number): IpOctets;
  remotePort(index: number): number;
  /** The destination address of the packet; zeros if the kernel did not say. */
  localAddress(index: number): IpOctets;
  /** Interface it came in by. */
  ifindex(index: number): number;
  /** Longer than the socket's limit, and cut. */
  truncated(index: number): boolean;
}

/** How a UDP socket is opened. */
export interface UdpSocketOptions extends UdpSocketSettings {
  /** Local address, any when absent. */
  readonly address?: IpOctets;
  /** Local port, 0 for one that the kernel chooses. */
  readonly port: number;
  /** Zone of a link-local local address. */
  readonly ifindex?: number;
  /** Longest datagram taken whole, octets; 65535 unless said. */
  readonly maxDatagram?: number;
  readonly onBatch: (batch: DatagramBatch) => void;
  /** Told of datagrams that could not be sent and of errors of the socket; neither ends it. */
  readonly onError: (error: NetlinkError) => void;
}

const BATCH = 64;
/** Pages are not shared between datagrams, so that a batch touches as few of them as it has datagrams. */
const PAGE = 4096;
const EAFNOSUPPORT = 97;

/**
 * A bound UDP socket. Sends of one turn of the event loop leave together at its end; an open socket is kept by the
 * event loop until {@link close}.
 */
export class UdpSocket implements Disposable {
  readonly family: 4 | 6;
  /** The local port. */
  readonly port: number;
  readonly #native: NativeUdpSocket;
  readonly #queue: UdpSendQueue;
  readonly #onError: (error: NetlinkError) => void;
  #flushing = false;
  /** A batch is being handled: what it sends leaves when that is done. */
  #handling = false;
  #closed = false;

  /** Opens and binds; throws {@link NetlinkError} naming the step that failed. */
  constructor(options: UdpSocketOptions) {
    const { family, onBatch, onError } = options;
    const share = Math.ceil((options.maxDatagram ?? 65535) / PAGE) * PAGE;
    const slab = new Uint8Array(BATCH * share);
    const records = makeRecords(BATCH);
    const batch = new Batch(slab, records, family);
    this.family = family;
    this.#onError = onError;
    this.#queue = new UdpSendQueue(onError);
    this.#native = new (loadAddon().UdpSocket)(
      slab,
      records.words,
      this.#queue.slab,
      this.#queue.records.words,
      (count, status) => {
        if (count > 0) {
          batch.length = count;
          this.#handle(batch, onBatch);
        } else if (status > 0) {
          onError(new NetlinkError(`receive on UDP port ${this.port}`, 'recvmmsg', status));
        } else {
          this.#flush();
        }
      },
    );
    const what = `open a UDP socket for IPv${family}`;
    checked(this.#native.open(family === 4 ? AF_INET : AF_INET6), what, 'socket');
    try {
      this.port = this.#bind(options);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Queues a datagram; its octets and addresses are copied. Failures go to `onError`, never to the caller. */
  send(datagram: OutboundDatagram): void {
    if (this.#closed) return;
    const octets = this.family === 4 ? 4 : 16;
    if (datagram.remote.length !== octets || (datagram.local?.length ?? octets) !== octets) {
      const operation = `send to ${printAddress(datagram.remote)} from an IPv${this.family} socket`;
      this.#onError(new NetlinkError(operation, 'sendmmsg', EAFNOSUPPORT));
      return;
    }
    if (!this.#queue.push(datagram)) {
      this.#flush();
      if (!this.#queue.push(datagram)) {
        this.#onError(noRoom(datagram));
        return;
      }
    }
    if (this.#handling || this.#flushing) return;
    this.#flushing = true;
    // At the end of this turn of the event loop: one system call for all that it sends.
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  /** Whether the open socket keeps the process alive; it does until told otherwise. */
  setRef(on: boolean): void {
    this.#native.setRef(on);
  }

  /** Sends what is queued and closes; calling it again does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  // Answers given at once need not wait for the end of the turn, which would cost a wake-up of its own.
  #handle(batch: Batch, onBatch: (batch: DatagramBatch) => void): void {
    this.#handling = true;
    try {
      onBatch(batch);
    } finally {
      this.#handling = false;
      this.#flush();
    }
  }

  #bind(options: UdpSocketOptions): number {
    applySettings(this.#native, options);
    const address = options.address ?? new Uint8Array(options.family === 4 ? 4 : 16);
    const what = `bind UDP ${printAddress(address)} port ${options.port}`;
    checked(this.#native.bind(address, options.port, options.ifindex ?? 0), what, 'bind');
    return checked(this.#native.localPort(), what, 'getsockname');
  }

  #flush(): void {
    if (!this.#closed) this.#queue.flush(this.#native);
  }
}

class Batch implements DatagramBatch {
  length = 0;
  readonly #slab: Uint8Array;
  readonly #records: Records;
  readonly #addressOctets: number;

  constructor(slab: Uint8Array, records: Records, family: 4 | 6) {
    this.#slab = slab;
    this.#records = records;
    this.#addressOctets = family === 4 ? 4 : 16;
  }

  data(index: number): Uint8Array {
    const offset = this.#word(index, Word.OFFSET);
    return this.#slab.subarray(offset, offset + this.#word(index, Word.LENGTH));
  }

  remoteAddress(index: number): IpOctets {
    return this.#address(index * RECORD_OCTETS + REMOTE_AT);
  }

  remotePort(index: number): number {
    return this.#word(index, Word.PORT);
  }

  localAddress(index: number): IpOctets {
    return this.#address(index * RECORD_OCTETS + LOCAL_AT);
  }

  ifindex(index: number): number {
    return this.#word(index, Word.IFINDEX);
  }

  truncated(index: number): boolean {
    return (this.#word(index, Word.FLAGS) & RecordFlag.TRUNCATED) !== 0;
  }

  #word(index: number, word: number): number {
    return this.#records.words[index * RECORD_WORDS + word] ?? 0;
  }

  #address(at: number): IpOctets {
    return this.#records.octets.subarray(at, at + this.#addressOctets);
  }
}
