#include "peer_credentials.h"

#include <errno.h>
#include <sys/socket.h>

namespace netlink_xfrm {

Napi::Value PeerCredentials(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsNumber()) {
    Napi::TypeError::New(env, "peerCredentials(descriptor)").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  struct ucred peer = {};
  socklen_t length = sizeof(peer);
  const int fd = info[0].As<Napi::Number>().Int32Value();
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
    return Napi::Number::New(env, -errno);
  }
  if (length != sizeof(peer)) return Napi::Number::New(env, -EINVAL);
  auto numbers = Napi::Uint32Array::New(env, 3);
  numbers[0] = static_cast<uint32_t>(peer.pid);
  numbers[1] = peer.uid;
  numbers[2] = peer.gid;
  return numbers;
}

}  // namespace netlink_xfrm
