// A second encoder, written against the kernel's own structures, that tests
// compare the TypeScript one with. For tests only.
#ifndef NETLINK_XFRM_REFERENCE_H_
#define NETLINK_XFRM_REFERENCE_H_

#include <napi.h>

namespace reference {

// sizeof and offsetof of every structure; every message and attribute number.
Napi::Value Layout(const Napi::CallbackInfo& info);
Napi::Value Constants(const Napi::CallbackInfo& info);

Napi::Value EnterNewNamespace(const Napi::CallbackInfo& info);
Napi::Value LeaveNamespace(const Napi::CallbackInfo& info);

}  // namespace reference

#endif  // NETLINK_XFRM_REFERENCE_H_
