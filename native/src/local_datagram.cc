#include "local_datagram.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>

namespace netlink_xfrm {
namespace {

// What the journal's own clients ask for; the kernel grants what it allows.
constexpr int kSendBuffer = 8 * 1024 * 1024;

bool IsOctets(const Napi::Value& value) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array;
}

int OpenSocket() {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  const int size = kSendBuffer;
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) != 0) {
    // Without the right to more the limit of this host holds: large entries are refused with EMSGSIZE.
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
  }
  return fd;
}

}  // namespace

Napi::Function LocalDatagram::Define(Napi::Env env) {
  return DefineClass(env, "LocalDatagram",
                     {
                         InstanceMethod<&LocalDatagram::Send>("send"),
                         InstanceMethod<&LocalDatagram::Close>("close"),
                     });
}

LocalDatagram::LocalDatagram(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<LocalDatagram>(info) {}

LocalDatagram::~LocalDatagram() {
  if (fd_ >= 0) close(fd_);
}

Napi::Value LocalDatagram::Send(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 2 || !IsOctets(info[0]) || !IsOctets(info[1])) {
    Napi::TypeError::New(env, "send(path, octets)").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  if (closed_) return Napi::Number::New(env, -EBADF);
  const auto path = info[0].As<Napi::Uint8Array>();
  const auto octets = info[1].As<Napi::Uint8Array>();
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const size_t length = path.ByteLength();
  if (length == 0) return Napi::Number::New(env, -EINVAL);
  // One octet stays for the zero that ends a path.
  if (length >= sizeof(address.sun_path)) return Napi::Number::New(env, -ENAMETOOLONG);
  memcpy(address.sun_path, path.Data(), length);
  const bool abstract = address.sun_path[0] == '\0';
  const auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length + (abstract ? 0 : 1));
  if (fd_ < 0) {
    const int fd = OpenSocket();
    if (fd < 0) return Napi::Number::New(env, fd);
    fd_ = fd;
  }
  const ssize_t sent = sendto(fd_, octets.Data(), octets.ByteLength(), MSG_NOSIGNAL | MSG_DONTWAIT,
                              reinterpret_cast<const sockaddr*>(&address), size);
  return Napi::Number::New(env, sent < 0 ? -errno : 0);
}

Napi::Value LocalDatagram::Close(const Napi::CallbackInfo& info) {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
  closed_ = true;
  return info.Env().Undefined();
}

}  // namespace netlink_xfrm
