import { address, be16, be32, chars, i32, struct, u8, u16, u32, u64 } from './c-struct.ts';

/** The structures of `<linux/xfrm.h>`, field for field; a test holds them against the header. */
export const xfrmId = struct('xfrm_id', ['daddr', address], ['spi', be32], ['proto', u8]);

export const xfrmSelector = struct(
  'xfrm_selector',
  ['daddr', address],
  ['saddr', address],
  ['dport', be16],
  ['dport_mask', be16],
  ['sport', be16],
  ['sport_mask', be16],
  ['family', u16],
  ['prefixlen_d', u8],
  ['prefixlen_s', u8],
  ['proto', u8],
  ['ifindex', i32],
  ['user', u32],
);

export const xfrmLifetimeCfg = struct(
  'xfrm_lifetime_cfg',
  ['soft_byte_limit', u64],
  ['hard_byte_limit', u64],
  ['soft_packet_limit', u64],
  ['hard_packet_limit', u64],
  ['soft_add_expires_seconds', u64],
  ['hard_add_expires_seconds', u64],
  ['soft_use_expires_seconds', u64],
  ['hard_use_expires_seconds', u64],
);

export const xfrmLifetimeCur = struct(
  'xfrm_lifetime_cur',
  ['bytes', u64],
  ['packets', u64],
  ['add_time', u64],
  ['use_time', u64],
);

export const xfrmStats = struct(
  'xfrm_stats',
  ['replay_window', u32],
  ['replay', u32],
  ['integrity_failed', u32],
);

export const xfrmUsersaInfo = struct(
  'xfrm_usersa_info',
  ['sel', xfrmSelector],
  ['id', xfrmId],
  ['saddr', address],
  ['lft', xfrmLifetimeCfg],
  ['curlft', xfrmLifetimeCur],
  ['stats', xfrmStats],
  ['seq', u32],
  ['reqid', u32],
  ['family', u16],
  ['mode', u8],
  ['replay_window', u8],
  ['flags', u8],
);

export const xfrmUsersaId = struct(
  'xfrm_usersa_id',
  ['daddr', address],
  ['spi', be32],
  ['family', u16],
  ['proto', u8],
);

export const xfrmUserspiInfo = struct(
  'xfrm_userspi_info',
  ['info', xfrmUsersaInfo],
  ['min', u32],
  ['max', u32],
);

export const xfrmUsersaFlush = struct('xfrm_usersa_flush', ['proto', u8]);

/** The fixed part of `xfrm_algo`, `xfrm_algo_auth` and `xfrm_algo_aead`; the key follows. */
export const xfrmAlgo = struct('xfrm_algo', ['alg_name', chars(64)], ['alg_key_len', u32]);
export const xfrmAlgoAuth = struct(
  'xfrm_algo_auth',
  ['alg_name', chars(64)],
  ['alg_key_len', u32],
  ['alg_trunc_len', u32],
);
export const xfrmAlgoAead = struct(
  'xfrm_algo_aead',
  ['alg_name', chars(64)],
  ['alg_key_len', u32],
  ['alg_icv_len', u32],
);

export const xfrmEncapTmpl = struct(
  'xfrm_encap_tmpl',
  ['encap_type', u16],
  ['encap_sport', be16],
  ['encap_dport', be16],
  ['encap_oa', address],
);

export const xfrmReplayState = struct(
  'xfrm_replay_state',
  ['oseq', u32],
  ['seq', u32],
  ['bitmap', u32],
);

/** The bitmap of `bmp_len` words follows. */
export const xfrmReplayStateEsn = struct(
  'xfrm_replay_state_esn',
  ['bmp_len', u32],
  ['oseq', u32],
  ['seq', u32],
  ['oseq_hi', u32],
  ['seq_hi', u32],
  ['replay_window', u32],
);

export const xfrmMark = struct('xfrm_mark', ['v', u32], ['m', u32]);

export const xfrmUserOffload = struct('xfrm_user_offload', ['ifindex', i32], ['flags', u8]);

export const xfrmUserTmpl = struct(
  'xfrm_user_tmpl',
  ['id', xfrmId],
  ['family', u16],
  ['saddr', address],
  ['reqid', u32],
  ['mode', u8],
  ['share', u8],
  ['optional', u8],
  ['aalgos', u32],
  ['ealgos', u32],
  ['calgos', u32],
);

export const xfrmUserpolicyInfo = struct(
  'xfrm_userpolicy_info',
  ['sel', xfrmSelector],
  ['lft', xfrmLifetimeCfg],
  ['curlft', xfrmLifetimeCur],
  ['priority', u32],
  ['index', u32],
  ['dir', u8],
  ['action', u8],
  ['flags', u8],
  ['share', u8],
);

export const xfrmUserpolicyId = struct(
  'xfrm_userpolicy_id',
  ['sel', xfrmSelector],
  ['index', u32],
  ['dir', u8],
);

export const xfrmUserpolicyType = struct(
  'xfrm_userpolicy_type',
  ['type', u8],
  ['reserved1', u16],
  ['reserved2', u8],
);

export const xfrmUserAcquire = struct(
  'xfrm_user_acquire',
  ['id', xfrmId],
  ['saddr', address],
  ['sel', xfrmSelector],
  ['policy', xfrmUserpolicyInfo],
  ['aalgos', u32],
  ['ealgos', u32],
  ['calgos', u32],
  ['seq', u32],
);

export const xfrmUserExpire = struct('xfrm_user_expire', ['state', xfrmUsersaInfo], ['hard', u8]);

export const xfrmUserPolexpire = struct(
  'xfrm_user_polexpire',
  ['pol', xfrmUserpolicyInfo],
  ['hard', u8],
);

export const xfrmUserMapping = struct(
  'xfrm_user_mapping',
  ['id', xfrmUsersaId],
  ['reqid', u32],
  ['old_saddr', address],
  ['new_saddr', address],
  ['old_sport', be16],
  ['new_sport', be16],
);

export const xfrmUserMigrate = struct(
  'xfrm_user_migrate',
  ['old_daddr', address],
  ['old_saddr', address],
  ['new_daddr', address],
  ['new_saddr', address],
  ['proto', u8],
  ['mode', u8],
  ['reserved', u16],
  ['reqid', u32],
  ['old_family', u16],
  ['new_family', u16],
);

export const xfrmUserKmaddress = struct(
  'xfrm_user_kmaddress',
  ['local', address],
  ['remote', address],
  ['reserved', u32],
  ['family', u16],
);

/** Requests without a fixed part. */
export const empty = struct('none');
