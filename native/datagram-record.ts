/**
 * The 64-octet records by which the addon and this side describe datagrams to each other: 16 words in host order,
 * `struct DatagramRecord` of `src/udp_socket.h`.
 */
export const RECORD_WORDS = 16;
export const RECORD_OCTETS = 64;

/** Index of each word, and of the octet where each address begins. */
export const Word = {
  OFFSET: 0,
  LENGTH: 1,
  PORT: 2,
  IFINDEX: 3,
  FLAGS: 4,
  TOS: 5,
  MARK: 6,
  STATUS: 7,
} as const;
export const REMOTE_AT = 32;
export const LOCAL_AT = 48;

export const RecordFlag = { HAS_LOCAL: 1, HAS_TOS: 2, HAS_MARK: 4, TRUNCATED: 8 } as const;

/** Memory of records, seen as words and as octets. */
export interface Records {
  readonly words: Uint32Array;
  readonly octets: Uint8Array;
}

/** Room for `count` records, all zero. */
export function makeRecords(count: number): Records {
  const buffer = new ArrayBuffer(count * RECORD_OCTETS);
  return { words: new Uint32Array(buffer), octets: new Uint8Array(buffer) };
}
