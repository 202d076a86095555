// The same requests as xfrm-sa.ts, xfrm-policy.ts and xfrm-migrate.ts, built the C way from the
// same objects. Written to be obviously right rather than complete or fast; for tests only.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <napi.h>
#include <string.h>

#include <string>
#include <vector>

#include "reference.h"

namespace {

using Napi::Object;
using Octets = std::vector<uint8_t>;

bool Has(const Object& o, const char* key) {
  return o.Has(key) && !o.Get(key).IsUndefined();
}
uint32_t Num(const Object& o, const char* key) {
  return Has(o, key) ? o.Get(key).As<Napi::Number>().Uint32Value() : 0;
}
uint64_t Big(const Object& o, const char* key) {
  bool lossless = false;
  return o.Get(key).As<Napi::BigInt>().Uint64Value(&lossless);
}
bool Flag(const Object& o, const char* key) { return Has(o, key) && o.Get(key).ToBoolean(); }
std::string Text(const Object& o, const char* key) { return o.Get(key).ToString().Utf8Value(); }
Object Obj(const Object& o, const char* key) { return o.Get(key).As<Object>(); }
Octets Bytes(const Object& o, const char* key) {
  const auto a = o.Get(key).As<Napi::Uint8Array>();
  return Octets(a.Data(), a.Data() + a.ByteLength());
}
void Addr(const Object& o, const char* key, xfrm_address_t* out) {
  const Octets b = Bytes(o, key);
  memcpy(out, b.data(), b.size());
}
uint16_t Family(const Object& o, const char* key) { return Bytes(o, key).size() == 4 ? AF_INET : AF_INET6; }

// A message under construction, in the manner of the example in netlink(7).
class Message {
 public:
  Message(uint16_t type, uint16_t flags, const void* body, size_t size) : data_(NLMSG_SPACE(size)) {
    header()->nlmsg_len = NLMSG_LENGTH(size);
    header()->nlmsg_type = type;
    header()->nlmsg_flags = static_cast<uint16_t>(flags | NLM_F_REQUEST);
    memcpy(NLMSG_DATA(header()), body, size);
    header()->nlmsg_len = static_cast<uint32_t>(data_.size());
  }
  void Add(uint16_t type, const void* value, size_t size) {
    const size_t at = data_.size();
    data_.resize(at + NLA_ALIGN(NLA_HDRLEN + size));
    nlattr head = {static_cast<uint16_t>(NLA_HDRLEN + size), type};
    memcpy(&data_[at], &head, sizeof(head));
    if (size > 0) memcpy(&data_[at + NLA_HDRLEN], value, size);
    header()->nlmsg_len = static_cast<uint32_t>(data_.size());
  }
  template <typename T>
  void Add(uint16_t type, const T& value) {
    Add(type, &value, sizeof(value));
  }
  Napi::Value Done(Napi::Env env) {
    return Napi::Buffer<uint8_t>::Copy(env, data_.data(), data_.size());
  }

 private:
  nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(data_.data()); }
  std::vector<uint8_t> data_;
};

xfrm_selector Selector(const Object& o) {
  xfrm_selector s = {};
  Addr(o, "dst", &s.daddr);
  Addr(o, "src", &s.saddr);
  s.dport = htons(static_cast<uint16_t>(Num(o, "dstPort")));
  s.dport_mask = htons(static_cast<uint16_t>(Num(o, "dstPortMask")));
  s.sport = htons(static_cast<uint16_t>(Num(o, "srcPort")));
  s.sport_mask = htons(static_cast<uint16_t>(Num(o, "srcPortMask")));
  s.family = Family(o, "dst");
  s.prefixlen_d = static_cast<uint8_t>(Num(o, "dstPrefix"));
  s.prefixlen_s = static_cast<uint8_t>(Num(o, "srcPrefix"));
  s.proto = static_cast<uint8_t>(Num(o, "protocol"));
  s.ifindex = static_cast<int>(Num(o, "ifindex"));
  s.user = Num(o, "user");
  return s;
}

xfrm_lifetime_cfg Limits(const Object& parent) {
  xfrm_lifetime_cfg l = {};
  l.soft_byte_limit = l.hard_byte_limit = l.soft_packet_limit = l.hard_packet_limit = XFRM_INF;
  if (!Has(parent, "lifetime")) return l;
  const Object o = Obj(parent, "lifetime");
  l.soft_byte_limit = Big(o, "softBytes");
  l.hard_byte_limit = Big(o, "hardBytes");
  l.soft_packet_limit = Big(o, "softPackets");
  l.hard_packet_limit = Big(o, "hardPackets");
  l.soft_add_expires_seconds = Big(o, "softAddSeconds");
  l.hard_add_expires_seconds = Big(o, "hardAddSeconds");
  l.soft_use_expires_seconds = Big(o, "softUseSeconds");
  l.hard_use_expires_seconds = Big(o, "hardUseSeconds");
  return l;
}

xfrm_usersa_info Info(const Object& o) {
  xfrm_usersa_info i = {};
  if (Has(o, "selector")) i.sel = Selector(Obj(o, "selector"));
  Addr(o, "dst", &i.id.daddr);
  i.id.spi = htonl(Num(o, "spi"));
  i.id.proto = static_cast<uint8_t>(Num(o, "protocol"));
  Addr(o, "src", &i.saddr);
  i.lft = Limits(o);
  i.seq = Num(o, "seq");
  i.reqid = Num(o, "reqid");
  i.family = Family(o, "dst");
  i.mode = static_cast<uint8_t>(Num(o, "mode"));
  i.flags = static_cast<uint8_t>(Num(o, "flags"));
  if (Flag(o, "esn")) i.flags |= XFRM_STATE_ESN;
  const uint32_t window = Num(o, "replayWindow");
  if (!Flag(o, "esn") && window <= 32) i.replay_window = static_cast<uint8_t>(window);
  return i;
}

void Lookup(const Object& o, Message* m) {
  if (Has(o, "mark")) {
    const Object mark = Obj(o, "mark");
    m->Add(XFRMA_MARK, xfrm_mark{Num(mark, "value"), Num(mark, "mask")});
  }
  if (Has(o, "ifId")) m->Add(XFRMA_IF_ID, Num(o, "ifId"));
}

// `Fixed` is one of the three xfrm_algo structures; `extra` its third field, if it has one.
template <typename Fixed>
void Algorithm(const Object& o, uint16_t type, uint32_t* (*extra)(Fixed*), uint32_t value, Message* m) {
  const Octets key = Bytes(o, "key");
  Octets buffer(sizeof(Fixed) + key.size());
  auto* fixed = reinterpret_cast<Fixed*>(buffer.data());
  const std::string name = Text(o, "name");
  memcpy(fixed->alg_name, name.data(), name.size());
  fixed->alg_key_len = static_cast<unsigned int>(key.size() * 8);
  if (extra != nullptr) *extra(fixed) = value;
  if (!key.empty()) memcpy(fixed->alg_key, key.data(), key.size());
  m->Add(type, buffer.data(), buffer.size());
}

void Algorithms(const Object& o, Message* m) {
  if (Has(o, "aead")) {
    const Object a = Obj(o, "aead");
    Algorithm<xfrm_algo_aead>(
        a, XFRMA_ALG_AEAD, [](xfrm_algo_aead* f) { return &f->alg_icv_len; }, Num(a, "icvBits"), m);
  }
  if (Has(o, "auth")) {
    const Object a = Obj(o, "auth");
    if (Has(a, "truncateBits")) {
      Algorithm<xfrm_algo_auth>(
          a, XFRMA_ALG_AUTH_TRUNC, [](xfrm_algo_auth* f) { return &f->alg_trunc_len; },
          Num(a, "truncateBits"), m);
    } else {
      Algorithm<xfrm_algo>(a, XFRMA_ALG_AUTH, nullptr, 0, m);
    }
  }
  if (Has(o, "crypt")) Algorithm<xfrm_algo>(Obj(o, "crypt"), XFRMA_ALG_CRYPT, nullptr, 0, m);
  if (Has(o, "comp")) Algorithm<xfrm_algo>(Obj(o, "comp"), XFRMA_ALG_COMP, nullptr, 0, m);
}

void Replay(const Object& o, Message* m) {
  const uint32_t window = Num(o, "replayWindow");
  const bool given = Has(o, "replay");
  const Object r = given ? Obj(o, "replay") : o;
  if (Flag(o, "esn") || window > 32) {
    const uint32_t words = (window + 31) / 32;
    // Without its bitmap the kernel starts with one of zeros.
    const bool bitmap = given && Has(r, "bitmap");
    Octets buffer(sizeof(xfrm_replay_state_esn) + (bitmap ? words * sizeof(uint32_t) : 0));
    auto* state = reinterpret_cast<xfrm_replay_state_esn*>(buffer.data());
    state->bmp_len = words;
    state->replay_window = window;
    if (given) {
      state->oseq = Num(r, "oseq");
      state->seq = Num(r, "seq");
      state->oseq_hi = Num(r, "oseqHigh");
      state->seq_hi = Num(r, "seqHigh");
    }
    if (bitmap) {
      const auto list = r.Get("bitmap").As<Napi::Array>();
      for (uint32_t i = 0; i < words && i < list.Length(); i++) {
        state->bmp[i] = list.Get(i).As<Napi::Number>().Uint32Value();
      }
    }
    m->Add(XFRMA_REPLAY_ESN_VAL, buffer.data(), buffer.size());
  } else if (given) {
    uint32_t word = 0;
    if (Has(r, "bitmap")) {
      word = r.Get("bitmap").As<Napi::Array>().Get(uint32_t{0}).As<Napi::Number>().Uint32Value();
    }
    m->Add(XFRMA_REPLAY_VAL, xfrm_replay_state{Num(r, "oseq"), Num(r, "seq"), word});
  }
}

void Encap(const Object& parent, Message* m) {
  if (!Has(parent, "encap")) return;
  const Object o = Obj(parent, "encap");
  xfrm_encap_tmpl e = {};
  e.encap_type = static_cast<uint16_t>(Num(o, "type"));
  e.encap_sport = htons(static_cast<uint16_t>(Num(o, "srcPort")));
  e.encap_dport = htons(static_cast<uint16_t>(Num(o, "dstPort")));
  if (Has(o, "originalAddress")) Addr(o, "originalAddress", &e.encap_oa);
  m->Add(XFRMA_ENCAP, e);
}

void Offload(const Object& parent, Message* m) {
  if (!Has(parent, "offload")) return;
  const Object o = Obj(parent, "offload");
  xfrm_user_offload offload = {};
  offload.ifindex = static_cast<int>(Num(o, "ifindex"));
  offload.flags = static_cast<uint8_t>(Num(o, "flags"));
  m->Add(XFRMA_OFFLOAD_DEV, offload);
}

Napi::Value EncodeSa(const Napi::CallbackInfo& call) {
  const bool create = call[0].ToString().Utf8Value() == "new";
  const Object o = call[1].As<Object>();
  const xfrm_usersa_info info = Info(o);
  Message m(create ? XFRM_MSG_NEWSA : XFRM_MSG_UPDSA, NLM_F_ACK, &info, sizeof(info));
  Algorithms(o, &m);
  Replay(o, &m);
  Lookup(o, &m);
  if (Has(o, "startUse")) {
    const Object use = Obj(o, "startUse");
    m.Add(XFRMA_LTIME_VAL, xfrm_lifetime_cur{Big(use, "bytes"), Big(use, "packets"), Big(use, "addTime"),
                                             Big(use, "useTime")});
  }
  Encap(o, &m);
  if (Has(o, "setMark")) {
    const Object mark = Obj(o, "setMark");
    m.Add(XFRMA_SET_MARK, Num(mark, "value"));
    m.Add(XFRMA_SET_MARK_MASK, Num(mark, "mask"));
  }
  if (Has(o, "extraFlags")) m.Add(XFRMA_SA_EXTRA_FLAGS, Num(o, "extraFlags"));
  Offload(o, &m);
  if (Has(o, "tfcPad")) m.Add(XFRMA_TFCPAD, Num(o, "tfcPad"));
  // XFRMA_SA_DIR and XFRMA_NAT_KEEPALIVE_INTERVAL, which the header may be too old to know.
  if (Has(o, "direction")) m.Add(33, static_cast<uint8_t>(Text(o, "direction") == "in" ? 1 : 2));
  if (Has(o, "natKeepaliveSeconds")) m.Add(34, Num(o, "natKeepaliveSeconds"));
  // XFRMA_SA_PCPU and those of IP-TFS, newer still.
  if (Has(o, "cpu")) m.Add(35, Num(o, "cpu"));
  if (Has(o, "iptfs")) {
    const Object t = Obj(o, "iptfs");
    if (Has(t, "dropTimeMicros")) m.Add(36, Num(t, "dropTimeMicros"));
    if (Has(t, "reorderWindow")) m.Add(37, static_cast<uint16_t>(Num(t, "reorderWindow")));
    if (Has(t, "initDelayMicros")) m.Add(39, Num(t, "initDelayMicros"));
    if (Has(t, "maxQueueOctets")) m.Add(40, Num(t, "maxQueueOctets"));
    if (Has(t, "packetOctets")) m.Add(41, Num(t, "packetOctets"));
    if (Flag(t, "dontFragment")) m.Add(38, nullptr, 0);
  }
  return m.Done(call.Env());
}

Napi::Value EncodeAllocSpi(const Napi::CallbackInfo& call) {
  const Object o = call[0].As<Object>();
  xfrm_userspi_info info = {Info(o), Num(o, "min"), Num(o, "max")};
  info.info.lft = {};
  Message m(XFRM_MSG_ALLOCSPI, NLM_F_ACK, &info, sizeof(info));
  Lookup(o, &m);
  if (Has(o, "direction")) m.Add(33, uint8_t{1});
  return m.Done(call.Env());
}

Napi::Value EncodeSaId(const Napi::CallbackInfo& call) {
  const Object o = call[1].As<Object>();
  xfrm_usersa_id id = {};
  Addr(o, "dst", &id.daddr);
  id.spi = htonl(Num(o, "spi"));
  id.family = Family(o, "dst");
  id.proto = static_cast<uint8_t>(Num(o, "protocol"));
  Message m(call[0].ToString().Utf8Value() == "delete" ? XFRM_MSG_DELSA : XFRM_MSG_GETSA, NLM_F_ACK,
            &id, sizeof(id));
  if (Has(o, "src")) {
    xfrm_address_t src = {};
    Addr(o, "src", &src);
    m.Add(XFRMA_SRCADDR, src);
  }
  Lookup(o, &m);
  return m.Done(call.Env());
}

uint8_t Direction(const Object& o) {
  const std::string name = Text(o, "direction");
  return name == "in" ? XFRM_POLICY_IN : name == "out" ? XFRM_POLICY_OUT : XFRM_POLICY_FWD;
}

xfrm_userpolicy_id PolicyId(const Object& o) {
  xfrm_userpolicy_id id = {};
  id.sel = Selector(Obj(o, "selector"));
  id.index = Num(o, "index");
  id.dir = Direction(o);
  return id;
}

Napi::Value EncodePolicy(const Napi::CallbackInfo& call) {
  const bool create = call[0].ToString().Utf8Value() == "new";
  const Object o = call[1].As<Object>();
  xfrm_userpolicy_info info = {};
  info.sel = Selector(Obj(o, "selector"));
  info.lft = Limits(o);
  info.priority = Num(o, "priority");
  info.index = Num(o, "index");
  info.dir = Direction(o);
  info.action = Text(o, "action") == "allow" ? XFRM_POLICY_ALLOW : XFRM_POLICY_BLOCK;
  info.flags = static_cast<uint8_t>(Num(o, "flags"));
  info.share = static_cast<uint8_t>(Num(o, "share"));
  Message m(create ? XFRM_MSG_NEWPOLICY : XFRM_MSG_UPDPOLICY, NLM_F_ACK, &info, sizeof(info));
  Lookup(o, &m);
  const auto list = o.Get("templates").As<Napi::Array>();
  std::vector<xfrm_user_tmpl> templates(list.Length());
  for (uint32_t i = 0; i < list.Length(); i++) {
    const Object t = list.Get(i).As<Object>();
    xfrm_user_tmpl& raw = templates[i];
    Addr(t, "dst", &raw.id.daddr);
    raw.id.spi = htonl(Num(t, "spi"));
    raw.id.proto = static_cast<uint8_t>(Num(t, "protocol"));
    raw.family = Family(t, "dst");
    Addr(t, "src", &raw.saddr);
    raw.reqid = Num(t, "reqid");
    raw.mode = static_cast<uint8_t>(Num(t, "mode"));
    raw.share = static_cast<uint8_t>(Num(t, "share"));
    raw.optional = Flag(t, "optional");
    raw.aalgos = raw.ealgos = raw.calgos = ~0u;
  }
  if (!templates.empty()) {
    m.Add(XFRMA_TMPL, templates.data(), templates.size() * sizeof(xfrm_user_tmpl));
  }
  if (Has(o, "type")) {
    xfrm_userpolicy_type type = {};
    type.type = static_cast<uint8_t>(Num(o, "type"));
    m.Add(XFRMA_POLICY_TYPE, type);
  }
  Offload(o, &m);
  return m.Done(call.Env());
}

Napi::Value EncodePolicyId(const Napi::CallbackInfo& call) {
  const Object o = call[1].As<Object>();
  const xfrm_userpolicy_id id = PolicyId(o);
  Message m(call[0].ToString().Utf8Value() == "delete" ? XFRM_MSG_DELPOLICY : XFRM_MSG_GETPOLICY,
            NLM_F_ACK, &id, sizeof(id));
  Lookup(o, &m);
  return m.Done(call.Env());
}

Napi::Value EncodeMigrate(const Napi::CallbackInfo& call) {
  const Object o = call[0].As<Object>();
  const Object policy = Obj(o, "policy");
  const xfrm_userpolicy_id id = PolicyId(policy);
  Message m(XFRM_MSG_MIGRATE, NLM_F_ACK, &id, sizeof(id));
  const auto list = o.Get("steps").As<Napi::Array>();
  std::vector<xfrm_user_migrate> steps(list.Length());
  for (uint32_t i = 0; i < list.Length(); i++) {
    const Object s = list.Get(i).As<Object>();
    xfrm_user_migrate& raw = steps[i];
    Addr(s, "oldDst", &raw.old_daddr);
    Addr(s, "oldSrc", &raw.old_saddr);
    Addr(s, "newDst", &raw.new_daddr);
    Addr(s, "newSrc", &raw.new_saddr);
    raw.proto = static_cast<uint8_t>(Num(s, "protocol"));
    raw.mode = static_cast<uint8_t>(Num(s, "mode"));
    raw.reqid = Num(s, "reqid");
    raw.old_family = Family(s, "oldDst");
    raw.new_family = Family(s, "newDst");
  }
  m.Add(XFRMA_MIGRATE, steps.data(), steps.size() * sizeof(xfrm_user_migrate));
  Lookup(policy, &m);
  if (Has(o, "kmAddress")) {
    const Object km = Obj(o, "kmAddress");
    xfrm_user_kmaddress raw = {};
    Addr(km, "local", &raw.local);
    Addr(km, "remote", &raw.remote);
    raw.family = Family(km, "local");
    m.Add(XFRMA_KMADDRESS, raw);
  }
  Encap(o, &m);
  Offload(o, &m);
  return m.Done(call.Env());
}

Object Init(Napi::Env env, Object exports) {
  const auto add = [&](const char* name, Napi::Value (*f)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, f));
  };
  add("layout", reference::Layout);
  add("constants", reference::Constants);
  add("encodeSa", EncodeSa);
  add("encodeAllocSpi", EncodeAllocSpi);
  add("encodeSaId", EncodeSaId);
  add("encodePolicy", EncodePolicy);
  add("encodePolicyId", EncodePolicyId);
  add("encodeMigrate", EncodeMigrate);
  add("enterNewNamespace", reference::EnterNewNamespace);
  add("leaveNamespace", reference::LeaveNamespace);
  return exports;
}

}  // namespace

NODE_API_MODULE(netlink_xfrm_reference, Init)
