// Who is at the other end of a UNIX stream, as the kernel noted it when the
// connection was made.
#ifndef NETLINK_XFRM_PEER_CREDENTIALS_H_
#define NETLINK_XFRM_PEER_CREDENTIALS_H_

#include <napi.h>

namespace netlink_xfrm {

// JavaScript: peerCredentials(descriptor). Answers a Uint32Array of pid, uid and
// gid, or a negative errno; nothing is opened, closed or kept.
Napi::Value PeerCredentials(const Napi::CallbackInfo& info);

}  // namespace netlink_xfrm

#endif  // NETLINK_XFRM_PEER_CREDENTIALS_H_
