/** One transform of a proposal, RFC 7296 section 3.3.2. */
export interface Transform {
  /** Transform type: 1 ENCR, 2 PRF, 3 INTEG, 4 KE, 5 SN, 6..12 ADDKE1..7. */
  readonly type: number;
  /** Transform id within the type. */
  readonly id: number;
  /** Key Length attribute in bits, if there is one. */
  readonly keyLength?: number;
  /**
   * Attributes other than Key Length as they came from the wire. A transform that has any is never selected:
   * RFC 7296 section 3.3.6 treats it as not supported.
   */
  readonly otherAttributes?: Uint8Array;
}

/** A proposal, RFC 7296 section 3.3.1; a configured one has number 0 and an empty SPI. */
export interface Proposal {
  readonly number: number;
  /** Protocol id: 1 IKE, 2 AH, 3 ESP. */
  readonly protocol: number;
  readonly spi: Uint8Array;
  readonly transforms: readonly Transform[];
}
