// What the kernel headers say of every structure that the TypeScript tables
// describe. For tests only: nothing at run time depends on it.
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <napi.h>
#include <stddef.h>

#include "reference.h"

namespace {

using Napi::Number;
using Napi::Object;

#define BEGIN(type)                                   \
  {                                                   \
    using T = struct type;                            \
    Object one = Object::New(env);                    \
    Object offsets = Object::New(env);                \
    one.Set("size", Number::New(env, sizeof(T)));     \
    one.Set("offsets", offsets);                      \
    all.Set(#type, one)
#define FIELD(name) offsets.Set(#name, Number::New(env, offsetof(T, name)))
#define END }

void Sa(Napi::Env env, Object all) {
  BEGIN(xfrm_id); FIELD(daddr); FIELD(spi); FIELD(proto); END
  BEGIN(xfrm_selector);
    FIELD(daddr); FIELD(saddr); FIELD(dport); FIELD(dport_mask); FIELD(sport); FIELD(sport_mask);
    FIELD(family); FIELD(prefixlen_d); FIELD(prefixlen_s); FIELD(proto); FIELD(ifindex); FIELD(user);
  END
  BEGIN(xfrm_lifetime_cfg);
    FIELD(soft_byte_limit); FIELD(hard_byte_limit); FIELD(soft_packet_limit);
    FIELD(hard_packet_limit); FIELD(soft_add_expires_seconds); FIELD(hard_add_expires_seconds);
    FIELD(soft_use_expires_seconds); FIELD(hard_use_expires_seconds);
  END
  BEGIN(xfrm_lifetime_cur); FIELD(bytes); FIELD(packets); FIELD(add_time); FIELD(use_time); END
  BEGIN(xfrm_stats); FIELD(replay_window); FIELD(replay); FIELD(integrity_failed); END
  BEGIN(xfrm_usersa_info);
    FIELD(sel); FIELD(id); FIELD(saddr); FIELD(lft); FIELD(curlft); FIELD(stats); FIELD(seq);
    FIELD(reqid); FIELD(family); FIELD(mode); FIELD(replay_window); FIELD(flags);
  END
  BEGIN(xfrm_usersa_id); FIELD(daddr); FIELD(spi); FIELD(family); FIELD(proto); END
  BEGIN(xfrm_userspi_info); FIELD(info); FIELD(min); FIELD(max); END
  BEGIN(xfrm_usersa_flush); FIELD(proto); END
  BEGIN(xfrm_algo); FIELD(alg_name); FIELD(alg_key_len); END
  BEGIN(xfrm_algo_auth); FIELD(alg_name); FIELD(alg_key_len); FIELD(alg_trunc_len); END
  BEGIN(xfrm_algo_aead); FIELD(alg_name); FIELD(alg_key_len); FIELD(alg_icv_len); END
  BEGIN(xfrm_encap_tmpl); FIELD(encap_type); FIELD(encap_sport); FIELD(encap_dport); FIELD(encap_oa); END
  BEGIN(xfrm_replay_state); FIELD(oseq); FIELD(seq); FIELD(bitmap); END
  BEGIN(xfrm_replay_state_esn);
    FIELD(bmp_len); FIELD(oseq); FIELD(seq); FIELD(oseq_hi); FIELD(seq_hi); FIELD(replay_window);
  END
  BEGIN(xfrm_mark); FIELD(v); FIELD(m); END
  BEGIN(xfrm_user_offload); FIELD(ifindex); FIELD(flags); END
}

void Policy(Napi::Env env, Object all) {
  BEGIN(xfrm_user_tmpl);
    FIELD(id); FIELD(family); FIELD(saddr); FIELD(reqid); FIELD(mode); FIELD(share);
    FIELD(optional); FIELD(aalgos); FIELD(ealgos); FIELD(calgos);
  END
  BEGIN(xfrm_userpolicy_info);
    FIELD(sel); FIELD(lft); FIELD(curlft); FIELD(priority); FIELD(index); FIELD(dir);
    FIELD(action); FIELD(flags); FIELD(share);
  END
  BEGIN(xfrm_userpolicy_id); FIELD(sel); FIELD(index); FIELD(dir); END
  BEGIN(xfrm_userpolicy_type); FIELD(type); FIELD(reserved1); FIELD(reserved2); END
  BEGIN(xfrm_user_acquire);
    FIELD(id); FIELD(saddr); FIELD(sel); FIELD(policy); FIELD(aalgos); FIELD(ealgos);
    FIELD(calgos); FIELD(seq);
  END
  BEGIN(xfrm_user_expire); FIELD(state); FIELD(hard); END
  BEGIN(xfrm_user_polexpire); FIELD(pol); FIELD(hard); END
  BEGIN(xfrm_user_mapping);
    FIELD(id); FIELD(reqid); FIELD(old_saddr); FIELD(new_saddr); FIELD(old_sport); FIELD(new_sport);
  END
  BEGIN(xfrm_user_migrate);
    FIELD(old_daddr); FIELD(old_saddr); FIELD(new_daddr); FIELD(new_saddr); FIELD(proto);
    FIELD(mode); FIELD(reserved); FIELD(reqid); FIELD(old_family); FIELD(new_family);
  END
  BEGIN(xfrm_user_kmaddress); FIELD(local); FIELD(remote); FIELD(reserved); FIELD(family); END
}

void Route(Napi::Env env, Object all) {
  BEGIN(ifaddrmsg); FIELD(ifa_family); FIELD(ifa_prefixlen); FIELD(ifa_flags); FIELD(ifa_scope); FIELD(ifa_index); END
  BEGIN(ifinfomsg); FIELD(ifi_family); FIELD(ifi_type); FIELD(ifi_index); FIELD(ifi_flags); FIELD(ifi_change); END
  BEGIN(rtmsg);
    FIELD(rtm_family); FIELD(rtm_dst_len); FIELD(rtm_src_len); FIELD(rtm_tos); FIELD(rtm_table);
    FIELD(rtm_protocol); FIELD(rtm_scope); FIELD(rtm_type); FIELD(rtm_flags);
  END
  BEGIN(fib_rule_hdr);
    FIELD(family); FIELD(dst_len); FIELD(src_len); FIELD(tos); FIELD(table); FIELD(action); FIELD(flags);
  END
}

#undef BEGIN
#undef FIELD
#undef END

#define NUMBER(name) all.Set(#name, Number::New(env, name))

void Numbers(Napi::Env env, Object all) {
  NUMBER(XFRM_MSG_NEWSA); NUMBER(XFRM_MSG_DELSA); NUMBER(XFRM_MSG_GETSA); NUMBER(XFRM_MSG_NEWPOLICY);
  NUMBER(XFRM_MSG_DELPOLICY); NUMBER(XFRM_MSG_GETPOLICY); NUMBER(XFRM_MSG_ALLOCSPI);
  NUMBER(XFRM_MSG_ACQUIRE); NUMBER(XFRM_MSG_EXPIRE); NUMBER(XFRM_MSG_UPDPOLICY);
  NUMBER(XFRM_MSG_UPDSA); NUMBER(XFRM_MSG_POLEXPIRE); NUMBER(XFRM_MSG_FLUSHSA);
  NUMBER(XFRM_MSG_FLUSHPOLICY); NUMBER(XFRM_MSG_NEWAE); NUMBER(XFRM_MSG_GETAE);
  NUMBER(XFRM_MSG_REPORT); NUMBER(XFRM_MSG_MIGRATE); NUMBER(XFRM_MSG_NEWSADINFO);
  NUMBER(XFRM_MSG_GETSADINFO); NUMBER(XFRM_MSG_NEWSPDINFO); NUMBER(XFRM_MSG_GETSPDINFO);
  NUMBER(XFRM_MSG_MAPPING);
  NUMBER(XFRMA_ALG_AUTH); NUMBER(XFRMA_ALG_CRYPT); NUMBER(XFRMA_ALG_COMP); NUMBER(XFRMA_ENCAP);
  NUMBER(XFRMA_TMPL); NUMBER(XFRMA_SA); NUMBER(XFRMA_POLICY); NUMBER(XFRMA_SEC_CTX);
  NUMBER(XFRMA_LTIME_VAL); NUMBER(XFRMA_REPLAY_VAL); NUMBER(XFRMA_SRCADDR); NUMBER(XFRMA_COADDR);
  NUMBER(XFRMA_LASTUSED); NUMBER(XFRMA_POLICY_TYPE); NUMBER(XFRMA_MIGRATE); NUMBER(XFRMA_ALG_AEAD);
  NUMBER(XFRMA_KMADDRESS); NUMBER(XFRMA_ALG_AUTH_TRUNC); NUMBER(XFRMA_MARK); NUMBER(XFRMA_TFCPAD);
  NUMBER(XFRMA_REPLAY_ESN_VAL); NUMBER(XFRMA_SA_EXTRA_FLAGS); NUMBER(XFRMA_PROTO);
  NUMBER(XFRMA_ADDRESS_FILTER); NUMBER(XFRMA_OFFLOAD_DEV); NUMBER(XFRMA_SET_MARK);
  NUMBER(XFRMA_SET_MARK_MASK); NUMBER(XFRMA_IF_ID); NUMBER(XFRMA_MTIMER_THRESH);
}

#undef NUMBER

}  // namespace

namespace reference {

Napi::Value Layout(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Object all = Object::New(env);
  Sa(env, all);
  Policy(env, all);
  Route(env, all);
  return all;
}

Napi::Value Constants(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Object all = Object::New(env);
  Numbers(env, all);
  return all;
}

}  // namespace reference
