import { fromHex } from '../../daemon/util/hex.ts';

/** One line of Wireshark's `ikev2_decryption_table`. */
export interface CaptureKeys {
  /** Initiator SPI, hexadecimal. */
  readonly spiI: string;
  readonly skEi: Uint8Array;
  readonly skEr: Uint8Array;
  readonly encryption: string;
  readonly skAi: Uint8Array;
  readonly skAr: Uint8Array;
  readonly integrity: string;
}

/** Reads the table; lines that start with `#` are comments. */
export function readCaptureKeys(text: string): CaptureKeys[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const column = line.split(',').map((field) => field.replace(/^"|"$/g, ''));
      const octets = (index: number): Uint8Array => fromHex(column[index] ?? '') ?? fail(line);
      return {
        spiI: column[0] ?? fail(line),
        skEi: octets(2),
        skEr: octets(3),
        encryption: column[4] ?? fail(line),
        skAi: octets(5),
        skAr: octets(6),
        integrity: column[7] ?? fail(line),
      };
    });
}

function fail(line: string): never {
  throw new Error(`bad line of keys: ${line}`);
}
