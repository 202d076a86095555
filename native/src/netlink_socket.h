// AF_NETLINK on the event loop: open, send, receive, options, close. Knows
// nothing of what the messages say.
#ifndef NETLINK_XFRM_NETLINK_SOCKET_H_
#define NETLINK_XFRM_NETLINK_SOCKET_H_

#include <napi.h>

#include <memory>

#include "poll_handle.h"

namespace netlink_xfrm {

// JavaScript: new NetlinkSocket((datagrams: Uint8Array[], errno: number) => void)
// Every method answers 0 (or a value) or a negative errno; TypeErrors aside, none throws.
class NetlinkSocket final : public Napi::ObjectWrap<NetlinkSocket>, private PollOwner {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit NetlinkSocket(const Napi::CallbackInfo& info);
  ~NetlinkSocket() override;

 private:
  Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value SetOption(const Napi::CallbackInfo& info);
  Napi::Value GetOption(const Napi::CallbackInfo& info);
  Napi::Value PortId(const Napi::CallbackInfo& info);
  Napi::Value SetRef(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  void OnReady(int events, bool failed) override;
  void OnPollClosed(bool exiting) override;

  PollHandle* poll_ = nullptr;
  Napi::FunctionReference callback_;
  std::unique_ptr<Napi::AsyncContext> context_;
  std::unique_ptr<uint8_t[]> buffer_;
};

}  // namespace netlink_xfrm

#endif  // NETLINK_XFRM_NETLINK_SOCKET_H_
