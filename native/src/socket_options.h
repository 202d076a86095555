// setsockopt and getsockopt with the value as octets, shared by both socket classes.
#ifndef NETLINK_XFRM_SOCKET_OPTIONS_H_
#define NETLINK_XFRM_SOCKET_OPTIONS_H_

#include <errno.h>
#include <napi.h>
#include <sys/socket.h>

namespace netlink_xfrm {

// Arguments: level, name, value: Uint8Array. Answers 0 or a negative errno.
inline Napi::Value SetSocketOption(const Napi::CallbackInfo& info, int fd) {
  const Napi::Env env = info.Env();
  if (info.Length() != 3 || !info[0].IsNumber() || !info[1].IsNumber() || !info[2].IsTypedArray()) {
    Napi::TypeError::New(env, "setOption(level, name, value)").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const auto value = info[2].As<Napi::Uint8Array>();
  const int rc = setsockopt(fd, info[0].As<Napi::Number>().Int32Value(),
                            info[1].As<Napi::Number>().Int32Value(), value.Data(),
                            static_cast<socklen_t>(value.ByteLength()));
  return Napi::Number::New(env, rc == 0 ? 0 : -errno);
}

// Arguments: level, name. Answers the first 32 bits of the value, or a negative errno.
inline Napi::Value GetSocketOption(const Napi::CallbackInfo& info, int fd) {
  const Napi::Env env = info.Env();
  if (info.Length() != 2 || !info[0].IsNumber() || !info[1].IsNumber()) {
    Napi::TypeError::New(env, "getOption(level, name)").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  int value = 0;
  socklen_t size = sizeof(value);
  const int rc = getsockopt(fd, info[0].As<Napi::Number>().Int32Value(),
                            info[1].As<Napi::Number>().Int32Value(), &value, &size);
  return Napi::Number::New(env, rc == 0 ? value : -errno);
}

}  // namespace netlink_xfrm

#endif  // NETLINK_XFRM_SOCKET_OPTIONS_H_
