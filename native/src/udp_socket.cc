#include "udp_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "datagram_io.h"
#include "socket_options.h"

namespace netlink_xfrm {
namespace {

bool IsWords(const Napi::Value& value) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint32_array;
}

bool IsOctets(const Napi::Value& value) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array;
}

// The memory is asked for anew at every use: script may have detached it meanwhile.
Slab View(Napi::Uint8Array octets, Napi::Uint32Array records) {
  return {octets.Data(), octets.ByteLength(),
          reinterpret_cast<DatagramRecord*>(records.Data()),
          records.ByteLength() / sizeof(DatagramRecord)};
}

// Whether every record in question exists and points into the slab.
bool Sound(const Slab& slab, size_t first, size_t count) {
  if (first > slab.count || count > slab.count - first) return false;
  for (size_t i = first; i < first + count; i++) {
    const DatagramRecord& record = slab.records[i];
    if (record.offset > slab.length || record.length > slab.length - record.offset) return false;
  }
  return true;
}

}  // namespace

Napi::Function UdpSocket::Define(Napi::Env env) {
  return DefineClass(env, "UdpSocket",
                     {
                         InstanceMethod<&UdpSocket::Open>("open"),
                         InstanceMethod<&UdpSocket::Bind>("bind"),
                         InstanceMethod<&UdpSocket::LocalPort>("localPort"),
                         InstanceMethod<&UdpSocket::Flush>("flush"),
                         InstanceMethod<&UdpSocket::SetOption>("setOption"),
                         InstanceMethod<&UdpSocket::GetOption>("getOption"),
                         InstanceMethod<&UdpSocket::SetRef>("setRef"),
                         InstanceMethod<&UdpSocket::Close>("close"),
                     });
}

UdpSocket::UdpSocket(const Napi::CallbackInfo& info) : Napi::ObjectWrap<UdpSocket>(info) {
  if (info.Length() != 5 || !IsOctets(info[0]) || !IsWords(info[1]) || !IsOctets(info[2]) ||
      !IsWords(info[3]) || !info[4].IsFunction()) {
    Napi::TypeError::New(info.Env(), "UdpSocket(rxSlab, rxRecords, txSlab, txRecords, callback)")
        .ThrowAsJavaScriptException();
    return;
  }
  rx_slab_ = Napi::Reference<Napi::Uint8Array>::New(info[0].As<Napi::Uint8Array>(), 1);
  rx_records_ = Napi::Reference<Napi::Uint32Array>::New(info[1].As<Napi::Uint32Array>(), 1);
  tx_slab_ = Napi::Reference<Napi::Uint8Array>::New(info[2].As<Napi::Uint8Array>(), 1);
  tx_records_ = Napi::Reference<Napi::Uint32Array>::New(info[3].As<Napi::Uint32Array>(), 1);
  callback_ = Napi::Persistent(info[4].As<Napi::Function>());
}

UdpSocket::~UdpSocket() {
  if (poll_ != nullptr) poll_->Close();
}

Napi::Value UdpSocket::Open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsNumber()) {
    Napi::TypeError::New(env, "open(family)").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  if (poll_ != nullptr) return Napi::Number::New(env, -EISCONN);
  if (callback_.IsEmpty()) return Napi::Number::New(env, -EBADF);
  const int family = info[0].As<Napi::Number>().Int32Value();
  if (family != AF_INET && family != AF_INET6) return Napi::Number::New(env, -EAFNOSUPPORT);
  ipv6_ = family == AF_INET6;
  const int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return Napi::Number::New(env, -errno);
  const int failure = PollHandle::Open(env, fd, this, &poll_);
  if (failure != 0) {
    close(fd);
    return Napi::Number::New(env, failure);
  }
  context_ = std::make_unique<Napi::AsyncContext>(env, "UdpSocket");
  // An open socket is held by the event loop, as Node's own are; close() lets it be collected.
  Ref();
  return Napi::Number::New(env, 0);
}

Napi::Value UdpSocket::Bind(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 3 || !IsOctets(info[0]) || !info[1].IsNumber() || !info[2].IsNumber()) {
    Napi::TypeError::New(env, "bind(address, port, interface)").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  if (poll_ == nullptr) return Napi::Number::New(env, -EBADF);
  const auto address = info[0].As<Napi::Uint8Array>();
  const auto port = htons(static_cast<uint16_t>(info[1].As<Napi::Number>().Uint32Value()));
  if (address.ByteLength() != (ipv6_ ? 16u : 4u)) return Napi::Number::New(env, -EAFNOSUPPORT);
  int rc;
  if (ipv6_) {
    sockaddr_in6 local = {};
    local.sin6_family = AF_INET6;
    local.sin6_port = port;
    local.sin6_scope_id = info[2].As<Napi::Number>().Uint32Value();
    memcpy(&local.sin6_addr, address.Data(), 16);
    rc = bind(poll_->fd(), reinterpret_cast<sockaddr*>(&local), sizeof(local));
  } else {
    sockaddr_in local = {};
    local.sin_family = AF_INET;
    local.sin_port = port;
    memcpy(&local.sin_addr, address.Data(), 4);
    rc = bind(poll_->fd(), reinterpret_cast<sockaddr*>(&local), sizeof(local));
  }
  return Napi::Number::New(env, rc != 0 ? -errno : poll_->Start(UV_READABLE));
}

Napi::Value UdpSocket::LocalPort(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (poll_ == nullptr) return Napi::Number::New(env, -EBADF);
  sockaddr_in6 local = {};
  socklen_t size = sizeof(local);
  if (getsockname(poll_->fd(), reinterpret_cast<sockaddr*>(&local), &size) != 0) {
    return Napi::Number::New(env, -errno);
  }
  // The port has the same place in sockaddr_in.
  return Napi::Number::New(env, ntohs(local.sin6_port));
}

Napi::Value UdpSocket::Flush(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 2 || !info[0].IsNumber() || !info[1].IsNumber()) {
    Napi::TypeError::New(env, "flush(first, count)").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  if (poll_ == nullptr) return Napi::Number::New(env, -EBADF);
  const size_t first = info[0].As<Napi::Number>().Uint32Value();
  const size_t count = info[1].As<Napi::Number>().Uint32Value();
  const Slab slab = View(tx_slab_.Value(), tx_records_.Value());
  if (!Sound(slab, first, count)) return Napi::Number::New(env, -EINVAL);
  const int consumed = SendBatch(poll_->fd(), ipv6_, slab, first, count);
  const bool stopped = static_cast<size_t>(consumed) < count;
  poll_->Start(stopped ? UV_READABLE | UV_WRITABLE : UV_READABLE);
  return Napi::Number::New(env, consumed);
}

Napi::Value UdpSocket::SetOption(const Napi::CallbackInfo& info) {
  if (poll_ == nullptr) return Napi::Number::New(info.Env(), -EBADF);
  return SetSocketOption(info, poll_->fd());
}

Napi::Value UdpSocket::GetOption(const Napi::CallbackInfo& info) {
  if (poll_ == nullptr) return Napi::Number::New(info.Env(), -EBADF);
  return GetSocketOption(info, poll_->fd());
}

Napi::Value UdpSocket::SetRef(const Napi::CallbackInfo& info) {
  if (poll_ != nullptr) poll_->SetRef(info.Length() > 0 && info[0].ToBoolean());
  return info.Env().Undefined();
}

Napi::Value UdpSocket::Close(const Napi::CallbackInfo& info) {
  if (poll_ != nullptr) poll_->Close();
  return info.Env().Undefined();
}

void UdpSocket::OnReady(int events, bool failed) {
  const Napi::HandleScope scope(Env());
  // Held until this returns, whatever the callback does to the socket.
  const Napi::Object self = Value();
  if (failed) {
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(poll_->fd(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error != 0) {
      Report(0, error);
    }
  }
  if ((events & UV_READABLE) != 0 && poll_ != nullptr) {
    const Slab slab = View(rx_slab_.Value(), rx_records_.Value());
    const int received = slab.count == 0 ? -EINVAL : ReceiveBatch(poll_->fd(), ipv6_, slab);
    // A descriptor or a slab that can no longer be used would wake us for ever.
    if (received == -EBADF || received == -ENOTSOCK || received == -EINVAL) {
      const Napi::Function callback = callback_.Value();
      poll_->Close();
      const napi_value arguments[] = {Napi::Number::New(Env(), 0),
                                      Napi::Number::New(Env(), -received)};
      CallIntoJs(Env(), *context_, self, callback, 2, arguments);
      return;
    }
    if (received > 0) Report(received, 0);
    if (received < 0 && received != -EAGAIN) Report(0, -received);
  }
  if ((events & UV_WRITABLE) != 0 && poll_ != nullptr) {
    poll_->Start(UV_READABLE);
    Report(0, -1);
  }
}

void UdpSocket::Report(int count, int status) {
  const napi_value arguments[] = {Napi::Number::New(Env(), count), Napi::Number::New(Env(), status)};
  CallIntoJs(Env(), *context_, Value(), callback_.Value(), 2, arguments);
}

void UdpSocket::OnPollClosed(bool exiting) {
  poll_ = nullptr;
  if (exiting) return;
  callback_.Reset();
  Unref();
}

}  // namespace netlink_xfrm
