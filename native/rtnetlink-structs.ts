import { i32, struct, u8, u16, u32 } from './c-struct.ts';

/** The structures of rtnetlink, field for field; a test holds them against the kernel headers. */
export const ifaddrmsg = struct(
  'ifaddrmsg',
  ['ifa_family', u8],
  ['ifa_prefixlen', u8],
  ['ifa_flags', u8],
  ['ifa_scope', u8],
  ['ifa_index', u32],
);

/** `__ifi_pad` is the unnamed octet after the family. */
export const ifinfomsg = struct(
  'ifinfomsg',
  ['ifi_family', u8],
  ['__ifi_pad', u8],
  ['ifi_type', u16],
  ['ifi_index', i32],
  ['ifi_flags', u32],
  ['ifi_change', u32],
);

export const rtmsg = struct(
  'rtmsg',
  ['rtm_family', u8],
  ['rtm_dst_len', u8],
  ['rtm_src_len', u8],
  ['rtm_tos', u8],
  ['rtm_table', u8],
  ['rtm_protocol', u8],
  ['rtm_scope', u8],
  ['rtm_type', u8],
  ['rtm_flags', u32],
);

export const fibRuleHdr = struct(
  'fib_rule_hdr',
  ['family', u8],
  ['dst_len', u8],
  ['src_len', u8],
  ['tos', u8],
  ['table', u8],
  ['res1', u8],
  ['res2', u8],
  ['action', u8],
  ['flags', u32],
);
