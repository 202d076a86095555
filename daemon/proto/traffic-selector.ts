/** A traffic selector, RFC 7296 section 3.13.1: one range of addresses and ports of one protocol. */
export interface TrafficSelector {
  readonly family: 4 | 6;
  /** IP protocol, 0 for any. */
  readonly protocol: number;
  /** Inclusive port range, host order; 0..65535 is any, 65535..0 is OPAQUE (RFC 7296 section 3.13.1). */
  readonly startPort: number;
  readonly endPort: number;
  /** Inclusive address range, 4 or 16 octets in network order. */
  readonly startAddress: Uint8Array;
  readonly endAddress: Uint8Array;
}
