// A UNIX datagram socket that only sends: to syslog, the journal or a service
// manager, none of which Node.js can reach.
#ifndef NETLINK_XFRM_LOCAL_DATAGRAM_H_
#define NETLINK_XFRM_LOCAL_DATAGRAM_H_

#include <napi.h>

namespace netlink_xfrm {

// JavaScript: new LocalDatagram(). Every send answers 0 or a negative errno and
// never waits; TypeErrors aside, none throws.
class LocalDatagram final : public Napi::ObjectWrap<LocalDatagram> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit LocalDatagram(const Napi::CallbackInfo& info);
  ~LocalDatagram();

 private:
  // Arguments: path: Uint8Array (a first octet of zero is an abstract name), octets: Uint8Array.
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  int fd_ = -1;
  bool closed_ = false;
};

}  // namespace netlink_xfrm

#endif  // NETLINK_XFRM_LOCAL_DATAGRAM_H_
