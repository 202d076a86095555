import type { NativeUdpSocket } from './addon.ts';
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
import { NetlinkError } from './errors.ts';
import { printAddress } from './print.ts';
import type { IpOctets } from './types.ts';

/** A datagram to be sent; all of it is copied before the call returns. */
export interface OutboundDatagram {
  readonly data: Uint8Array;
  readonly remote: IpOctets;
  readonly remotePort: number;
  /** Source address; the kernel chooses when absent. */
  readonly local?: IpOctets | undefined;
  /** Interface to leave by, and the zone of a link-local address; 0 or absent: as routed. */
  readonly ifindex?: number | undefined;
  /** The whole TOS or traffic class octet, that is DSCP shifted left by two. */
  readonly tos?: number | undefined;
  /** SO_MARK of this datagram alone. */
  readonly mark?: number | undefined;
}

const MAX_RECORDS = 256;
const SLAB_OCTETS = 256 << 10;
const ENOBUFS = 105;
const EMSGSIZE = 90;

/**
 * What waits for sendmmsg: one slab of octets and records, filled until it is flushed. When the socket takes no
 * more the rest waits for it to become writable, and what no longer fits is refused: UDP may lose.
 */
export class UdpSendQueue {
  readonly slab = new Uint8Array(SLAB_OCTETS);
  readonly records: Records = makeRecords(MAX_RECORDS);
  readonly #onError: (error: NetlinkError) => void;
  #first = 0;
  #count = 0;
  #used = 0;

  constructor(onError: (error: NetlinkError) => void) {
    this.#onError = onError;
  }

  get waiting(): number {
    return this.#count - this.#first;
  }

  /** Copies a datagram in; `false` when there is no room. */
  push(datagram: OutboundDatagram): boolean {
    const { data, remote, local, ifindex, tos, mark } = datagram;
    if (this.#count === MAX_RECORDS || this.#used + data.length > SLAB_OCTETS) return false;
    const word = this.#count * RECORD_WORDS;
    const octet = this.#count * RECORD_OCTETS;
    const { words, octets } = this.records;
    this.slab.set(data, this.#used);
    octets.fill(0, octet, octet + RECORD_OCTETS);
    words[word + Word.OFFSET] = this.#used;
    words[word + Word.LENGTH] = data.length;
    words[word + Word.PORT] = datagram.remotePort;
    words[word + Word.IFINDEX] = ifindex ?? 0;
    words[word + Word.TOS] = tos ?? 0;
    words[word + Word.MARK] = mark ?? 0;
    words[word + Word.FLAGS] =
      (local === undefined ? 0 : RecordFlag.HAS_LOCAL) |
      (tos === undefined ? 0 : RecordFlag.HAS_TOS) |
      (mark === undefined ? 0 : RecordFlag.HAS_MARK);
    octets.set(remote, octet + REMOTE_AT);
    if (local !== undefined) octets.set(local, octet + LOCAL_AT);
    this.#used += data.length;
    this.#count++;
    return true;
  }

  /** Hands everything to the socket and reports each datagram that it refused. */
  flush(socket: NativeUdpSocket): void {
    if (this.waiting === 0) return;
    const consumed = socket.flush(this.#first, this.waiting);
    if (consumed < 0) {
      this.#onError(new NetlinkError(`send ${this.waiting} datagrams`, 'sendmmsg', consumed));
      this.#reset();
      return;
    }
    for (let i = this.#first; i < this.#first + consumed; i++) {
      const status = this.records.words[i * RECORD_WORDS + Word.STATUS] ?? 0;
      if (status !== 0) this.#onError(this.#refused(i, status));
    }
    this.#first += consumed;
    if (this.waiting === 0) this.#reset();
  }

  #refused(index: number, errno: number): NetlinkError {
    const at = index * RECORD_OCTETS + REMOTE_AT;
    const { octets, words } = this.records;
    // Only an IPv4 record leaves the last twelve octets zero; good enough to print.
    const v4 = octets.subarray(at + 4, at + 16).every((octet) => octet === 0);
    const to = printAddress(octets.subarray(at, at + (v4 ? 4 : 16)));
    const size = words[index * RECORD_WORDS + Word.LENGTH] ?? 0;
    const port = words[index * RECORD_WORDS + Word.PORT] ?? 0;
    return new NetlinkError(`send ${size} octets to ${to} port ${port}`, 'sendmmsg', errno);
  }

  #reset(): void {
    this.#first = 0;
    this.#count = 0;
    this.#used = 0;
  }
}

/** The error of a datagram that found no room. */
export function noRoom(datagram: OutboundDatagram): NetlinkError {
  const to = `${printAddress(datagram.remote)} port ${datagram.remotePort}`;
  const errno = datagram.data.length > 65535 ? EMSGSIZE : ENOBUFS;
  return new NetlinkError(`send ${datagram.data.length} octets to ${to}`, 'sendmmsg', errno);
}
