/** Numbers of `<linux/netlink.h>` and `<asm/socket.h>`; values that differ between architectures are avoided. */
export const NetlinkProtocol = { ROUTE: 0, XFRM: 6 } as const;

export const NlmFlag = {
  REQUEST: 0x1,
  MULTI: 0x2,
  ACK: 0x4,
  /** The dump changed while it was read. */
  DUMP_INTR: 0x10,
  /** On requests that read. */
  DUMP: 0x300,
  /** On requests that create. */
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  /** On acknowledgements: the request is not repeated, attributes follow. */
  CAPPED: 0x100,
  ACK_TLVS: 0x200,
} as const;

export const NlmType = { NOOP: 1, ERROR: 2, DONE: 3, OVERRUN: 4 } as const;

/** `NLMSGERR_ATTR_*`. */
export const AckAttribute = { MSG: 1, OFFS: 2 } as const;

/** Level and names of netlink socket options. */
export const SOL_NETLINK = 270;
export const NetlinkOption = {
  ADD_MEMBERSHIP: 1,
  CAP_ACK: 10,
  EXT_ACK: 11,
  GET_STRICT_CHK: 12,
} as const;

export const SOL_SOCKET = 1;
export const SocketOption = {
  REUSEADDR: 2,
  SNDBUF: 7,
  RCVBUF: 8,
  BINDTODEVICE: 25,
  RCVBUFFORCE: 33,
  MARK: 36,
} as const;
