#include "netlink_socket.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket_options.h"

namespace netlink_xfrm {
namespace {

// One wake-up reads at most this many datagrams, so that a flood of events cannot starve the loop.
constexpr int kReadsPerWakeup = 32;
// The kernel builds dump datagrams of at most 32 KiB; twice that leaves room for any single message.
constexpr size_t kBufferOctets = 65536;

}  // namespace

Napi::Function NetlinkSocket::Define(Napi::Env env) {
  return DefineClass(env, "NetlinkSocket",
                     {
                         InstanceMethod<&NetlinkSocket::Open>("open"),
                         InstanceMethod<&NetlinkSocket::Send>("send"),
                         InstanceMethod<&NetlinkSocket::SetOption>("setOption"),
                         InstanceMethod<&NetlinkSocket::GetOption>("getOption"),
                         InstanceMethod<&NetlinkSocket::PortId>("portId"),
                         InstanceMethod<&NetlinkSocket::SetRef>("setRef"),
                         InstanceMethod<&NetlinkSocket::Close>("close"),
                     });
}

NetlinkSocket::NetlinkSocket(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<NetlinkSocket>(info) {
  if (info.Length() != 1 || !info[0].IsFunction()) {
    Napi::TypeError::New(info.Env(), "NetlinkSocket(callback)").ThrowAsJavaScriptException();
    return;
  }
  callback_ = Napi::Persistent(info[0].As<Napi::Function>());
}

NetlinkSocket::~NetlinkSocket() {
  if (poll_ != nullptr) poll_->Close();
}

Napi::Value NetlinkSocket::Open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsNumber()) {
    Napi::TypeError::New(env, "open(protocol)").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  if (poll_ != nullptr) return Napi::Number::New(env, -EISCONN);
  if (callback_.IsEmpty()) return Napi::Number::New(env, -EBADF);
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                        info[0].As<Napi::Number>().Int32Value());
  if (fd < 0) return Napi::Number::New(env, -errno);
  sockaddr_nl local = {};
  local.nl_family = AF_NETLINK;
  int failure = 0;
  if (bind(fd, reinterpret_cast<sockaddr*>(&local), sizeof(local)) != 0) failure = -errno;
  if (failure == 0) failure = PollHandle::Open(env, fd, this, &poll_);
  if (failure != 0) {
    close(fd);
    return Napi::Number::New(env, failure);
  }
  buffer_ = std::make_unique<uint8_t[]>(kBufferOctets);
  context_ = std::make_unique<Napi::AsyncContext>(env, "NetlinkSocket");
  // An open socket is held by the event loop, as Node's own are; close() lets it be collected.
  Ref();
  return Napi::Number::New(env, poll_->Start(UV_READABLE));
}

Napi::Value NetlinkSocket::Send(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsTypedArray()) {
    Napi::TypeError::New(env, "send(bytes)").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  if (poll_ == nullptr) return Napi::Number::New(env, -EBADF);
  const auto bytes = info[0].As<Napi::Uint8Array>();
  sockaddr_nl kernel = {};
  kernel.nl_family = AF_NETLINK;
  ssize_t sent;
  do {
    sent = sendto(poll_->fd(), bytes.Data(), bytes.ByteLength(), 0,
                  reinterpret_cast<const sockaddr*>(&kernel), sizeof(kernel));
  } while (sent < 0 && errno == EINTR);
  return Napi::Number::New(env, sent < 0 ? -errno : 0);
}

Napi::Value NetlinkSocket::SetOption(const Napi::CallbackInfo& info) {
  if (poll_ == nullptr) return Napi::Number::New(info.Env(), -EBADF);
  return SetSocketOption(info, poll_->fd());
}

Napi::Value NetlinkSocket::GetOption(const Napi::CallbackInfo& info) {
  if (poll_ == nullptr) return Napi::Number::New(info.Env(), -EBADF);
  return GetSocketOption(info, poll_->fd());
}

Napi::Value NetlinkSocket::PortId(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (poll_ == nullptr) return Napi::Number::New(env, 0);
  sockaddr_nl local = {};
  socklen_t size = sizeof(local);
  getsockname(poll_->fd(), reinterpret_cast<sockaddr*>(&local), &size);
  return Napi::Number::New(env, local.nl_pid);
}

Napi::Value NetlinkSocket::SetRef(const Napi::CallbackInfo& info) {
  if (poll_ != nullptr) poll_->SetRef(info.Length() > 0 && info[0].ToBoolean());
  return info.Env().Undefined();
}

Napi::Value NetlinkSocket::Close(const Napi::CallbackInfo& info) {
  if (poll_ != nullptr) poll_->Close();
  return info.Env().Undefined();
}

void NetlinkSocket::OnReady(int, bool) {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  // Held until this returns, whatever the callback does to the socket.
  const Napi::Object self = Value();
  Napi::Array datagrams = Napi::Array::New(env);
  uint32_t count = 0;
  int failure = 0;
  for (int reads = 0; reads < kReadsPerWakeup; reads++) {
    sockaddr_nl sender = {};
    iovec part = {buffer_.get(), kBufferOctets};
    msghdr header = {};
    header.msg_name = &sender;
    header.msg_namelen = sizeof(sender);
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    const ssize_t size = recvmsg(poll_->fd(), &header, MSG_DONTWAIT);
    if (size < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) failure = errno;
      break;
    }
    // Any process may address our port; only port id 0 is the kernel.
    if (header.msg_namelen != sizeof(sender) || sender.nl_pid != 0) continue;
    if ((header.msg_flags & MSG_TRUNC) != 0) {
      failure = EMSGSIZE;
      break;
    }
    const size_t length = static_cast<size_t>(size);
    Napi::Uint8Array octets = Napi::Uint8Array::New(env, length);
    memcpy(octets.Data(), buffer_.get(), length);
    datagrams.Set(count++, octets);
  }
  if (count == 0 && failure == 0) return;
  const napi_value arguments[] = {datagrams, Napi::Number::New(env, failure)};
  // A descriptor that can no longer be read would wake us for ever.
  const bool dead = failure == EBADF || failure == ENOTSOCK;
  const Napi::Function callback = callback_.Value();
  const napi_async_context context = *context_;
  if (dead) poll_->Close();
  CallIntoJs(env, context, self, callback, 2, arguments);
}

void NetlinkSocket::OnPollClosed(bool exiting) {
  poll_ = nullptr;
  if (exiting) return;
  callback_.Reset();
  Unref();
}

}  // namespace netlink_xfrm
