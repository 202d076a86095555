import type { ChildSpi } from '../proto/child-spi.ts';
import type { IkeSpi } from '../proto/ike-spi.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import type { Transform } from '../proto/proposal.ts';

/** The keys that protect the messages of an IKE_SA; the octets are read before the call returns and never kept. */
export interface IkeKeyEntry {
  readonly spiI: IkeSpi;
  readonly spiR: IkeSpi;
  readonly encryption: Transform;
  /** Absent with AEAD. */
  readonly integrity: Transform | undefined;
  /** With a cipher that needs one, the salt follows the key. */
  readonly skEi: Uint8Array;
  readonly skEr: Uint8Array;
  readonly skAi: Uint8Array;
  readonly skAr: Uint8Array;
}

/** The keys of one direction of an ESP CHILD_SA; the octets are read before the call returns and never kept. */
export interface EspKeyEntry {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly spi: ChildSpi;
  readonly encryption: { readonly id: number; readonly key: Uint8Array };
  /** Absent with AEAD. */
  readonly integrity: { readonly id: number; readonly key: Uint8Array } | undefined;
}

/** Gives keys away, for people who debug what is on the wire. There is none unless the operator asks for it. */
export interface KeyLog {
  ike(entry: IkeKeyEntry): void;
  esp(entry: EspKeyEntry): void;
  /** Writes what waits. */
  close(): Promise<void>;
}
