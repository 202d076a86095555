import type { LogRecord, LogSink } from '../../daemon/contracts/logger.ts';
import { exchangeName } from '../../daemon/proto/iana/exchange-types.ts';
import { toHex } from '../../daemon/util/hex.ts';
import type { PacketRecord } from './sim-network.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Lines kept; of longer conversations the beginning is dropped. */
const MAX_LINES = 2000;

/**
 * Writes down who sent what to whom and when, in the notation of the RFCs. What an encrypted message holds is taken
 * from the sender's own log: its line `generating … [ … ]` comes right before the datagrams of the message, and
 * repetitions are recognised by their octets.
 */
export class Ladder {
  readonly #clock: VirtualClock;
  readonly #lines: string[] = [];
  readonly #saying = new Map<string, string>();
  readonly #said = new Map<string, string>();
  readonly #remarks: boolean;

  /** With `remarks`, log lines of level 1 stand between the packets. */
  constructor(clock: VirtualClock, remarks = true) {
    this.#clock = clock;
    this.#remarks = remarks;
  }

  /** A log sink for one host's daemon. */
  sink(host: string): LogSink {
    return {
      levelOf: () => 1,
      write: (record: LogRecord) => this.#heard(host, record.message),
    };
  }

  packet({ packet, fate, corrupted }: PacketRecord): void {
    const content = toHex(packet.data);
    const text =
      this.#said.get(content) ?? this.#saying.get(packet.from) ?? headerText(packet.data);
    this.#said.set(content, text);
    const mark = fate === 'delivered' ? (corrupted ? '-~>' : '-->') : '-X ';
    const why = fate === 'delivered' ? '' : `  (${fate})`;
    const size = `${packet.data.length} octets, ${packet.source.port}->${packet.destination.port}`;
    this.#add(`${packet.from} ${mark} ${packet.to}  ${text}  (${size})${why}`);
  }

  /** Everything so far, one line each, time in seconds. */
  print(): string {
    return this.#lines.join('\n');
  }

  #heard(host: string, message: string): void {
    const generated = /^generating (.*\])/.exec(message)?.[1];
    if (generated !== undefined) this.#saying.set(host, generated);
    else if (this.#remarks && !/^(?:sending|received) packet|^parsed /.test(message)) {
      this.#add(`${host}: ${message}`);
    }
  }

  #add(text: string): void {
    if (this.#lines.length >= MAX_LINES) this.#lines.shift();
    this.#lines.push(`${(this.#clock.now() / 1000).toFixed(3).padStart(9)}  ${text}`);
  }
}

/** What the header in the clear tells. */
function headerText(data: Uint8Array): string {
  const marker = data.length >= 32 && data.subarray(0, 4).every((octet) => octet === 0) ? 4 : 0;
  const header = data.subarray(marker);
  if (header.length < 28) return data.length === 1 ? 'keepalive' : 'no IKE';
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const direction = (view.getUint8(19) & 0x20) !== 0 ? 'response' : 'request';
  return `${exchangeName(view.getUint8(18))} ${direction} ${view.getUint32(20)}`;
}
